import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '#test/cluster/command.ts';
import { cacheFolder } from '#test/cluster/paths.ts';

/** `web`: Starlette, FastAPI and Pillow. `mlserver`: MLServer, which holds others back and so has its own. */
export type PeerEnvironment = 'web' | 'mlserver';

/**
 * A Python environment of exactly what a lock names, made when first asked for and found again by the lock's digest.
 * Returns the folder of its programs.
 */
export async function pythonEnvironment(name: PeerEnvironment): Promise<string> {
  const python = process.env['PYTHON'] ?? 'python3';
  const lock = join(import.meta.dirname, `${name}.lock`);
  const version = await run(python, ['-c', 'import sys; print(sys.version)'], { timeout: 30_000 });
  const digest = createHash('sha256')
    .update(await readFile(lock))
    .update(version)
    .digest('hex');
  const folder = cacheFolder('peers', `${name}-${digest.slice(0, 16)}`);
  const programs = join(folder, 'bin');
  const stamp = join(folder, '.complete');
  if (existsSync(stamp)) return programs;
  console.error(`making the Python environment of the ${name} peers in ${folder} (a minute or two)`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(cacheFolder('peers'), { recursive: true });
  await run(python, ['-m', 'venv', folder], { timeout: 120_000 });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes'];
  await run(join(programs, 'python'), [...pip, '--only-binary', ':all:', '--requirement', lock], {
    timeout: 600_000,
  });
  await writeFile(stamp, '');
  return programs;
}
