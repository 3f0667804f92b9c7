import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryFolder } from '../paths.ts';

export type ImageTarget = 'operator' | 'runtime' | 'training';

const common = [
  'Dockerfile',
  '.dockerignore',
  'package.json',
  'package-lock.json',
  '.npmrc',
  'build.ts',
  'contract',
  'artifact',
];

/** What an image is made of: the Dockerfile copies the same. */
export const inputs: Readonly<Record<ImageTarget, readonly string[]>> = {
  operator: [...common, 'operator'],
  runtime: [...common, 'runtime'],
  training: ['Dockerfile', '.dockerignore', 'training/requirements-image.lock', 'training/windlass_training'],
};

/** As .dockerignore says. */
const leftOut: ReadonlySet<string> = new Set(['node_modules', '__pycache__']);

async function filesUnder(path: string): Promise<readonly string[]> {
  const kind = await stat(repositoryFolder(path)).catch(() => undefined);
  if (kind === undefined) return [];
  if (!kind.isDirectory()) return [path];
  const entries = (await readdir(repositoryFolder(path))).filter((name) => !leftOut.has(name)).sort();
  return (await Promise.all(entries.map((name) => filesUnder(join(path, name))))).flat();
}

/** Changes when anything changes that the image is made of; tests are no part of it. */
export async function inputsDigest(target: ImageTarget): Promise<string> {
  const files = (await Promise.all(inputs[target].map(filesUnder))).flat();
  const hash = createHash('sha256').update(process.arch).update(process.versions.node);
  for (const file of files) {
    if (file.endsWith('.test.ts')) continue;
    const content = await readFile(repositoryFolder(file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 12);
}
