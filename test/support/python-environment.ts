import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { run } from '../cluster/command.ts';
import { cacheFolder } from '../cluster/paths.ts';

export interface PythonEnvironment {
  /** Where in the cache: environments of one use lie together. */
  readonly group: string;
  /** A file of pinned requirements; its name names the environment. */
  readonly requirements: string;
  /** Flags of pip install beside those that every environment gets. */
  readonly pip: readonly string[];
  /** Called before an environment is made, which takes a minute or two. */
  readonly onMake?: (folder: string) => void;
}

const VENV_MS = 120_000;
const INSTALL_MS = 600_000;
/** Written last: an environment without it was cut short. */
const STAMP = 'made';
const PIP = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];

/**
 * The Python of an environment with exactly the pinned packages, made when first asked for and found again by the digest
 * of the requirements and of Python's version. Its programs are run as modules: the environment was moved after it was
 * made, and scripts in bin/ name the place before.
 */
export async function pythonEnvironment(wanted: PythonEnvironment): Promise<string> {
  const { group, requirements, onMake } = wanted;
  const python = process.env['PYTHON'] ?? 'python3';
  const version = await run(python, ['-c', 'import sys, venv, ensurepip; print(sys.version)']);
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .update(version)
    .digest('hex');
  const name = basename(requirements, extname(requirements));
  const folder = cacheFolder(group, `${name}-${digest.slice(0, 16)}`);
  if (!existsSync(join(folder, STAMP))) {
    onMake?.(folder);
    await make(python, folder, wanted);
  }
  return join(folder, 'bin', 'python');
}

/** Made beside its place and moved there whole, so that two may do it at once. */
async function make(
  python: string,
  folder: string,
  { requirements, pip }: Pick<PythonEnvironment, 'requirements' | 'pip'>,
): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}.`);
  try {
    await run(python, ['-m', 'venv', draft], { timeout: VENV_MS });
    await run(join(draft, 'bin', 'python'), [...PIP, ...pip, '--requirement', requirements], {
      timeout: INSTALL_MS,
    });
    await writeFile(join(draft, STAMP), '');
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(join(folder, STAMP))) throw error;
  }
}
