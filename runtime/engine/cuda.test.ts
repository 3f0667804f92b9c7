import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { FailureError } from '#contract/failure.ts';
import { profileSetting, reportProvider } from '#runtime/model/provider.ts';
import { Folder, GATHER } from '#runtime/testing.ts';
import { onnxModel } from '#test/support/onnx.ts';
import { cudaProblem } from './cuda.ts';
import { describeNodes, type ProviderNodes } from './nodes.ts';
import { openSession, type Session } from './session.ts';
import type { Tensor } from './tensor.ts';

const INDEX: Tensor = { type: 'int64', dims: [1, 1], data: BigInt64Array.of(3n) };

async function failure(work: () => unknown): Promise<FailureError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof FailureError) return error;
    throw error;
  }
  throw new Error('nothing failed');
}

test('CUDA that is asked for and not in this build is a LoadFailed that says which image has it', async () => {
  await using folder = await Folder.create();
  const path = await folder.write('model.onnx', onnxModel(GATHER));
  const { reason, message } = await failure(() => openSession(path, { threads: 1, provider: 'cuda' }));
  expect(reason).toBe('LoadFailed');
  expect(message).toMatch(
    /^executionProvider cuda was asked for, and this build of the runtime has no CUDA \(libonnxruntime_providers_cuda\.so is missing\): use the runtime-cuda image/,
  );
});

test('a library of CUDA that cannot be loaded is named with what the loader says', async () => {
  await using folder = await Folder.create();
  await folder.write('libonnxruntime_providers_cuda.so', 'no library');
  expect(cudaProblem(new Error('Failed to load shared library'), folder.path)).toMatch(
    /^CUDA's libraries cannot be loaded \(.*libonnxruntime_providers_cuda\.so: .*\): build the runtime-cuda image again/,
  );
});

test('a profile tells which provider runs which nodes, and leaves no file behind', async () => {
  await using folder = await Folder.create();
  const path = await folder.write('model.onnx', onnxModel(GATHER));
  const session = openSession(path, { threads: 1, ...profileSetting(folder.path) });
  expect(readdirSync(folder.path)).toHaveLength(2);
  expect(reportProvider('cpu', session, () => [INDEX])).toEqual({
    executionProvider: 'cpu',
    nodes: [{ provider: 'CPUExecutionProvider', nodes: 1, operators: { Gather: 1 } }],
    text: 'CPUExecutionProvider runs 1 nodes (Gather)',
  });
  expect(readdirSync(folder.path)).toEqual(['model.onnx']);
  // The session goes on without it.
  expect(session.run([INDEX])[0]?.data).toEqual(Float32Array.of(30));
  session.release();
});

test('a graph that refuses a made-up row is served, and says that its nodes are not known', async () => {
  await using folder = await Folder.create();
  const path = await folder.write('model.onnx', onnxModel(GATHER));
  const session = openSession(path, { threads: 1, ...profileSetting() });
  const outside: Tensor = { type: 'int64', dims: [1, 1], data: BigInt64Array.of(99n) };
  expect(reportProvider('cpu', session, () => [outside])).toMatchObject({ nodes: undefined });
  session.release();
});

test('a folder that cannot be written to means no profile, not a failed start', () => {
  expect(profileSetting('/nonexistent')).toEqual({});
});

function ranBy(nodes: readonly ProviderNodes[]): Session {
  return { inputs: [], outputs: [], run: () => [], endProfile: () => nodes, release: () => undefined };
}

const GPU: ProviderNodes = { provider: 'CUDAExecutionProvider', nodes: 2, operators: { Conv: 2 } };
const CPU: ProviderNodes = { provider: 'CPUExecutionProvider', nodes: 1, operators: { Shape: 1 } };

test('nodes that CUDA leaves to the CPU are named', () => {
  expect(reportProvider('cuda', ranBy([GPU, CPU]), () => []).text).toBe(
    'CUDAExecutionProvider runs 2 nodes (Conv); CPUExecutionProvider runs 1 nodes (Shape)',
  );
  expect(describeNodes([])).toBe('');
});

test('a graph of which CUDA runs nothing is a LoadFailed: no GPU is held for nothing', async () => {
  const { reason, message } = await failure(() => reportProvider('cuda', ranBy([CPU]), () => []));
  expect(reason).toBe('LoadFailed');
  expect(message).toContain(
    'CUDA has no kernel for any node of this graph: CPUExecutionProvider runs 1 nodes (Shape)',
  );
});

test('the CUDA image has the version of ONNX Runtime that the npm package has', async () => {
  const lock = await readFile('runtime/cuda.lock', 'utf8');
  const { dependencies } = JSON.parse(await readFile('package.json', 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  expect(/^onnxruntime-gpu==(\S+)/m.exec(lock)?.[1]).toBe(dependencies['onnxruntime-node']);
  const pinned = [...lock.matchAll(/^\S+==\S+ \\\n {4}--hash=sha256:[0-9a-f]{64}$/gm)];
  expect(pinned).toHaveLength([...lock.matchAll(/^[^#\s]/gm)].length);
});
