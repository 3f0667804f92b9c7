import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createS3Store, resolveModel } from '#artifact/index.ts';
import { TestS3 } from '#artifact/s3/test-server.ts';
import { parseTerminationMessage } from '#contract/failure.ts';
import { createLogger } from '#runtime/log.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { runPull } from './index.ts';

const log = createLogger('silent', {});
let server: TestS3;
let folder: string;

beforeEach(async () => {
  server = await TestS3.start();
  folder = await mkdtemp(join(tmpdir(), 'windlass-init-'));
  await writeFile(join(folder, 'termination-log'), '');
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/** A bundle in the store, and the pod's view of what was resolved: its annotation and the mounted Secret. */
async function prepare(): Promise<void> {
  for (const [path, content] of linearBundle()) server.put(`models/l/${path}`, content);
  const keys = { accessKeyId: 'id', secretAccessKey: 'secret' };
  const s3 = createS3Store({
    connection: { endpoint: server.endpoint },
    credentials: keys,
    addresses: { allowLoopback: true },
  });
  const { artifact } = await resolveModel({
    source: { uri: 's3://models/l/' },
    s3,
    signal: new AbortController().signal,
  });
  await writeFile(join(folder, 'artifact.json'), JSON.stringify(artifact));
  await Promise.all(
    Object.entries({
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_ENDPOINT_URL: server.endpoint,
    }).map(([name, value]) => writeFile(join(folder, name), value)),
  );
}

function run(
  environment: Readonly<Record<string, string>> = {},
  trialLoadCommand?: readonly string[],
): Promise<number> {
  const config = {
    formatVersion: 1 as const,
    artifactFile: join(folder, 'artifact.json'),
    target: join(folder, 'target'),
    credentials: folder,
    trialLoad: true,
  };
  const main = join(import.meta.dirname, 'test-trial.ts');
  return runPull(config, {
    environment: { WINDLASS_ALLOW_LOOPBACK: 'true', ...environment },
    log,
    terminationFile: join(folder, 'termination-log'),
    trialLoadCommand: trialLoadCommand ?? [process.execPath, main],
  });
}

const message = async () => readFile(join(folder, 'termination-log'), 'utf8');
const failure = async () => parseTerminationMessage(await message());

test('pulls, loads for a trial, and leaves no message', async () => {
  await prepare();
  expect(await run({ WINDLASS_MEMORY_LIMIT: String(2 ** 30) })).toBe(0);
  expect(await message()).toBe('');
  expect(JSON.parse(await readFile(join(folder, 'target', 'model.json'), 'utf8'))).toHaveProperty(
    'name',
    'linear',
  );
});

test('a model that passes its limit while it loads is OutOfMemory, with the peak', async () => {
  await prepare();
  expect(await run({ WINDLASS_MEMORY_LIMIT: String(32 * 1024 ** 2) })).toBe(1);
  expect(await failure()).toMatchObject({
    reason: 'OutOfMemory',
    message: expect.stringMatching(
      /s3:\/\/models\/l\/ takes [\d.]+Mi of memory to load, over the limit of 32Mi. Raise/,
    ),
  });
});

test('a process that the kernel kills is OutOfMemory', async () => {
  await prepare();
  expect(await run({}, ['/bin/sh', '-c', 'kill -9 $$'])).toBe(1);
  expect(await failure()).toMatchObject({
    reason: 'OutOfMemory',
    message: expect.stringContaining('was stopped while it loaded'),
  });
});

test('the message stands before the trial load begins, for the case that the whole container is killed', async () => {
  await prepare();
  await run({}, ['/bin/sh', '-c', `cp ${folder}/termination-log ${folder}/seen`]);
  expect(parseTerminationMessage(await readFile(join(folder, 'seen'), 'utf8'))?.reason).toBe('OutOfMemory');
});

test('a graph that ONNX Runtime refuses is LoadFailed, with its words', async () => {
  await prepare();
  expect(await run({}, ['/bin/sh', '-c', 'echo first >&2; echo no such operator >&2; exit 3'])).toBe(1);
  expect(await failure()).toMatchObject({
    reason: 'LoadFailed',
    message: expect.stringContaining('exit code 3. no such operator'),
  });
});

test('without its annotation the container says what to do', async () => {
  expect(await run()).toBe(1);
  expect(await failure()).toMatchObject({
    reason: 'PullFailed',
    message: expect.stringContaining('artifact.json holds no artifact'),
  });
});

test('an endpoint on loopback is refused unless the pod is told otherwise', async () => {
  await prepare();
  expect(await run({ WINDLASS_ALLOW_LOOPBACK: 'no' })).toBe(1);
  expect(await failure()).toMatchObject({
    reason: 'AccessDenied',
    message: expect.stringContaining('loopback'),
  });
});
