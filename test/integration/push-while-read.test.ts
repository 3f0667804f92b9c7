import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createS3Store, type Resolution, resolveModel, type S3Store } from '#artifact/index.ts';
import { FailureError } from '#contract/failure.ts';
import { Store } from '#test/bed/store.ts';
import { run } from '#test/cluster/command.ts';
import { startMinio, type Minio } from '#test/cluster/minio.ts';
import { linearBundle } from '#test/support/bundle.ts';

// A retraining Job replaces the bundle under a prefix that is followed, while the operator reads it over and over.

const TRAINING = join(import.meta.dirname, '..', '..', 'training');
const PYTHON = join(TRAINING, '.venv', 'bin', 'python');
const URI = 's3://models/linear/current/';
const VERSIONS = ['1', '2', '3', '4', '5', '6', '7', '8'];

let minio: Minio;
let store: Store;
let s3: S3Store;
let folder: string | undefined;

beforeAll(async () => {
  await run(join(TRAINING, 'setup.sh'), [], { timeout: 600_000 });
  minio = await startMinio();
  store = new Store(minio, 'models');
  await store.create();
  s3 = createS3Store({
    connection: { endpoint: minio.endpoint, region: minio.region },
    credentials: { accessKeyId: minio.accessKey, secretAccessKey: minio.secretKey },
    addresses: { allowLoopback: true },
  });
  folder = await mkdtemp(join(tmpdir(), 'windlass-push-'));
});
afterAll(async () => {
  s3?.close();
  store?.close();
  await minio?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

const environment = () => ({
  AWS_ACCESS_KEY_ID: minio.accessKey,
  AWS_SECRET_ACCESS_KEY: minio.secretKey,
  AWS_ENDPOINT_URL: minio.endpoint,
});

/** Large enough that reading it takes a while beside a push. */
async function writeBundle(version: string): Promise<string> {
  const bundle = join(folder ?? '', version);
  for (const [path, content] of linearBundle({ version, weight: Number(version), ballastMiB: 8 })) {
    await mkdir(dirname(join(bundle, path)), { recursive: true });
    await writeFile(join(bundle, path), content);
  }
  return bundle;
}

/** What `retrain --push` and `push --force` do, several times in one process: Python takes long to start. */
const PUSH = `
import sys
from pathlib import Path
from windlass_training.push import push
for folder in sys.argv[2:]:
    push(Path(folder), sys.argv[1], None, force=True)
`;

async function push(versions: readonly string[]): Promise<void> {
  const env = { ...process.env, ...environment(), AWS_CONFIG_FILE: join(folder ?? '', 'none') };
  const bundles = await Promise.all(versions.map(writeBundle));
  await run(PYTHON, ['-c', PUSH, URI, ...bundles], { timeout: 60_000, env });
}

/** Reads until `done`: what it found, in order. model.json replaced between two of its requests is read again. */
async function read(done: AbortSignal): Promise<readonly Resolution[]> {
  const found: Resolution[] = [];
  const { signal } = new AbortController();
  while (!done.aborted) {
    try {
      found.push(await resolveModel({ source: { uri: URI }, s3, signal }));
    } catch (error) {
      if (!(error instanceof FailureError) || !error.transient) throw error;
      expect(error.message).toContain('model.json changed while it was being read');
    }
  }
  return found;
}

test('whoever reads a prefix while it is replaced finds a whole bundle each time: the old one, or the new one', async () => {
  await push(VERSIONS.slice(0, 1));
  const pushed = new AbortController();
  const reads = Promise.all([read(pushed.signal), read(pushed.signal)]);
  const pushes = push(VERSIONS.slice(1));
  await Promise.race([pushes, reads]);
  pushed.abort();
  for (const found of await reads) {
    const versions = found.map(({ manifest }) => manifest?.version ?? '');
    expect(versions).toEqual(versions.toSorted());
    expect(new Set(versions).size).toBeGreaterThan(2);
    expect(versions.every((version) => VERSIONS.includes(version))).toBe(true);
  }
}, 60_000);
