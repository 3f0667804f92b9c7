import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { Store } from '#test/bed/store.ts';
import type { StoreConnection } from '#test/bed/store.ts';
import { realDataOf, windlassTrain } from './bundles.ts';
import { retrainingData } from './manifests.ts';
import type { System } from './systems.ts';

/** The file or folder that a system's model is trained on: the real one, or what `train` makes up where it has none. */
export async function trainingData(system: System, folder: string): Promise<string> {
  const real = realDataOf(system);
  if (real !== undefined) return real;
  const out = join(folder, `${system.name}-data${system.data.endsWith('.csv') ? '.csv' : ''}`);
  await rm(out, { recursive: true, force: true });
  // The same rows and seed as training takes without --data: the same bytes.
  await windlassTrain(['generate', system.name, '--out', out]);
  return out;
}

/** Puts a system's training data where the Job of its example reads it; a system whose example trains nothing needs none. */
export async function putTrainingData(
  connection: StoreConnection,
  system: System,
  data: string,
): Promise<void> {
  const place = await retrainingData(system.name);
  if (place === undefined) return;
  const { host, pathname } = new URL(place);
  const store = new Store(connection, host);
  try {
    await store.create();
    for (const [name, file] of await filesOf(data)) {
      await store.put(`${pathname.slice(1)}${name}`, await readFile(file));
    }
  } finally {
    store.close();
  }
}

/** Name below the data's place -> file. */
async function filesOf(data: string): Promise<readonly (readonly [string, string])[]> {
  if (!(await stat(data)).isDirectory()) return [[basename(data), data]];
  const entries = await readdir(data, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [relative(data, file), file]);
}
