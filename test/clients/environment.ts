import { join } from 'node:path';
import { Unavailable } from '../cluster/unavailable.ts';
import { pythonEnvironment } from '../support/python-environment.ts';

/** Clients from PyPI. Each has an environment of its own: what they need does not fit together. */
export type Client = 'triton' | 'kserve' | 'mlserver';

/** The Python of an environment with a client's packages in it. Throws Unavailable where it cannot be made. */
export async function clientPython(client: Client): Promise<string> {
  try {
    return await pythonEnvironment({
      group: 'clients',
      requirements: join(import.meta.dirname, `${client}.txt`),
      pip: ['--no-compile', '--no-deps'],
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Unavailable(
      `no Python environment for the clients: ${message.slice(0, 500)}`,
      'install Python 3.11 or newer with venv and pip, and let pip reach a package index',
    );
  }
}
