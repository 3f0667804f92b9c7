import { join } from 'node:path';
import { run } from '../cluster/command.ts';
import { Unavailable } from '../cluster/unavailable.ts';
import { clientPython, type Client } from './environment.ts';

// Inference clients that others wrote, in Python, for tests.

/** How a check of a client's program went: 'ok', or what went wrong. */
export type Checks = Readonly<Record<string, string>>;

/** The Python that has a client; undefined where it cannot be had: why is said on stderr. */
export async function clientOrReason(client: Client): Promise<string | undefined> {
  try {
    return await clientPython(client);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.error(`the tests with the client ${client} are skipped: ${error.message}`);
    return undefined;
  }
}

/** Runs with_<client>.py with the models' addresses, by name; the outcome of each of its checks by the check's name. */
export async function runChecks(
  python: string,
  client: Client,
  models: Readonly<Record<string, string>>,
): Promise<Checks> {
  const program = join(import.meta.dirname, `with_${client}.py`);
  const output = await run(python, ['-B', program, JSON.stringify(models)], { timeout: 100_000 });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Checks;
}
