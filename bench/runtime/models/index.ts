import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256 } from '#contract/canonical.ts';
import { trainChurn } from '#test/bed/churn.ts';
import { run } from '#test/cluster/command.ts';
import { cacheFolder, repositoryFolder } from '#test/cluster/paths.ts';
import { averagePool, denseNetwork, pictureClassifier } from './graphs.ts';

/** A model that every server of a comparison serves. */
export interface BenchModel {
  readonly title: string;
  /** What the runtime is given: a bundle's folder or the graph. */
  readonly path: string;
  /** The ONNX file, which the peers load. */
  readonly graph: string;
}

export const PICTURE_SIZE = 224;

/** The bank churn model as `training/` makes it, from data that is made up. */
export async function churnModel(): Promise<BenchModel> {
  const training = repositoryFolder('training');
  const sources = (await readdir(join(training, 'windlass_training'), { recursive: true }))
    .filter((path) => path.endsWith('.py'))
    .toSorted()
    .map((path) => join(training, 'windlass_training', path));
  const key = await digestOf([...sources, join(training, 'requirements.lock')]);
  const path = await cached(`churn-${key}`, async (folder) => {
    await trainChurn(folder, '1');
  });
  const bundle = join(path, '1');
  return {
    title: 'bank churn (forest and regression, 1.9 MB)',
    path: bundle,
    graph: join(bundle, 'model.onnx'),
  };
}

export function smallNetwork(): Promise<BenchModel> {
  return written('small MLP (20-64-64-2)', 'small', () => denseNetwork([20, 64, 64, 2]));
}

export function bigNetwork(): Promise<BenchModel> {
  return written('30 MB MLP (20-1968-1968-1968-2)', 'big', () => denseNetwork([20, 1968, 1968, 1968, 2]));
}

export function poolingModel(): Promise<BenchModel> {
  return written('global average pool (3x224x224 float)', 'pool', averagePool);
}

/** A bundle whose input is a picture. */
export async function pictureModel(): Promise<BenchModel> {
  const { title, graph } = await written('picture classifier (224x224x3 uint8)', 'picture', () =>
    pictureClassifier(PICTURE_SIZE),
  );
  const folder = dirname(graph);
  const bytes = await readFile(graph);
  const side = PICTURE_SIZE;
  const manifest = {
    formatVersion: 1,
    name: 'picture',
    version: '1',
    task: 'image-classification',
    files: { 'model.onnx': { sha256: sha256(bytes), size: bytes.byteLength } },
    inputs: [
      {
        name: 'image',
        type: 'uint8',
        shape: [null, side, side, 3],
        image: { height: side, width: side },
      },
    ],
    outputs: [{ name: 'probabilities', type: 'float32', shape: [null, 3] }],
    labels: ['red', 'green', 'blue'],
    decision: { output: 'probabilities' },
  };
  await writeFile(join(folder, 'model.json'), JSON.stringify(manifest));
  return { title, path: folder, graph };
}

/** A forest of 300 trees, 28 MB as ONNX. */
export async function carModel(): Promise<BenchModel> {
  const script = join(import.meta.dirname, 'car.py');
  const training = repositoryFolder('training');
  const key = await digestOf([script, join(training, 'requirements.lock')]);
  const folder = await cached(`car-${key}`, async (target) => {
    await run(join(training, 'setup.sh'), [], { timeout: 600_000 });
    const python = join(training, '.venv', 'bin', 'python');
    await run(python, [script, join(target, 'model.onnx')], { timeout: 600_000 });
  });
  const graph = join(folder, 'model.onnx');
  return { title: 'car price (300 trees, 28 MB)', path: graph, graph };
}

async function written(title: string, name: string, make: () => Uint8Array): Promise<BenchModel> {
  const key = await digestOf([join(import.meta.dirname, 'graphs.ts'), import.meta.filename]);
  const folder = await cached(`${name}-${key}`, (target) => writeFile(join(target, 'model.onnx'), make()));
  const graph = join(folder, 'model.onnx');
  return { title, path: graph, graph };
}

/** A folder of the cache that `make` fills once; one that was left half-made is made again. */
async function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = cacheFolder('bench', name);
  if (existsSync(folder)) return folder;
  const fresh = `${folder}.${process.pid}`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  await make(fresh);
  await rename(fresh, folder);
  return folder;
}

async function digestOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}
