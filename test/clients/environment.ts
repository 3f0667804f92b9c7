import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../cluster/command.ts';
import { cacheFolder } from '../cluster/paths.ts';
import { Unavailable } from '../cluster/unavailable.ts';

/** Clients from PyPI. Each has an environment of its own: what they need does not fit together. */
export type Client = 'triton' | 'kserve' | 'mlserver';

const INSTALL_MS = 600_000;

/**
 * The Python of an environment with a client's packages in it, made once and found again by what they are. Throws
 * Unavailable where it cannot be made.
 */
export async function clientPython(client: Client): Promise<string> {
  const python = process.env['PYTHON'] ?? 'python3';
  const requirements = join(import.meta.dirname, `${client}.txt`);
  const version = await attempt(() => run(python, ['-c', 'import sys, venv, ensurepip; print(sys.version)']));
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .update(version)
    .digest('hex');
  const folder = cacheFolder('clients', `${client}-${digest.slice(0, 16)}`);
  const made = join(folder, 'made');
  if (!existsSync(made)) await attempt(() => make(python, requirements, folder));
  return join(folder, 'bin', 'python');
}

/** Made beside its place and moved there whole, so that two tests may do it at once. */
async function make(python: string, requirements: string, folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}.`);
  try {
    await run(python, ['-m', 'venv', draft]);
    const install = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-compile',
      '--disable-pip-version-check',
      '--no-deps',
    ];
    const options = { timeout: INSTALL_MS };
    await run(
      join(draft, 'bin', 'python'),
      [...install, '--only-binary', ':all:', '--requirement', requirements],
      options,
    );
    await writeFile(join(draft, 'made'), '');
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(join(folder, 'made'))) throw error;
  }
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Unavailable(
      `no Python environment for the clients: ${message.slice(0, 500)}`,
      'install Python 3.11 or newer with venv and pip, and let pip reach a package index',
    );
  }
}
