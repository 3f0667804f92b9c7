import { readdirSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { FailureError } from '#contract/failure.ts';
import { sha256 } from '#contract/canonical.ts';
import type { ModelInput } from '#contract/model-manifest.ts';
import { classifierBundle, Folder, GATHER, post, startServer } from '#runtime/testing.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { onnxModel } from '#test/support/onnx.ts';
import { exampleRequest, sampleRequests } from './example.ts';
import { predictionScale } from './scale.ts';
import { readModelSource } from './source.ts';
import { loadModel } from './load.ts';

const OPTIONS = { name: undefined, cores: 1, maxBatchSize: 16 };

describe('a source', () => {
  test('of a bundle lists every file by its digest, under the digest of the artifact', async () => {
    const files = linearBundle();
    await using folder = await Folder.create(files);
    const source = await readModelSource(folder.path);
    expect([...source.files.keys()].toSorted()).toEqual([...files.values()].map(sha256).toSorted());
    const entries = [...files]
      .map(([name, bytes]) => [name, sha256(bytes)])
      .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));
    expect(source.sha256).toBe(sha256(JSON.stringify(entries)));
  });

  test('may be an .onnx file, or a folder with one', async () => {
    await using folder = await Folder.create();
    const graph = onnxModel(GATHER);
    const path = await folder.write('pick.onnx', graph);
    for (const given of [path, folder.path]) {
      expect(await readModelSource(given)).toMatchObject({
        sha256: sha256(graph),
        fallbackName: 'pick',
        manifest: undefined,
      });
    }
  });

  test.each([
    [
      'a manifest that is not JSON',
      new Map([['model.json', Buffer.from('{')]]),
      'InvalidManifest',
      'is not JSON',
    ],
    [
      'one of another format',
      linearBundle({ manifest: { formatVersion: 2 } }),
      'InvalidManifest',
      'formatVersion',
    ],
    [
      'one of more than 1 MiB',
      new Map([['model.json', Buffer.alloc(1024 * 1024 + 1, ' ')]]),
      'InvalidManifest',
      'at most 1048576',
    ],
    [
      'a file that is absent',
      new Map([...linearBundle()].filter(([name]) => name !== 'golden.json')),
      'InvalidManifest',
      'does not exist',
    ],
  ])('with %s is refused', async (_, files, reason, text) => {
    await using folder = await Folder.create(files);
    const error: unknown = await readModelSource(folder.path).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(FailureError);
    expect(error).toMatchObject({ reason, message: expect.stringContaining(text) as string });
  });
});

describe('a model', () => {
  test.each([
    [
      'an input of another type',
      {
        inputs: [
          { name: 'x', type: 'int64', shape: [null, 1] },
          { name: 'y', type: 'float32', shape: [null, 1] },
        ],
      },
      'is int64, in the graph float32',
    ],
    [
      'an input of another shape',
      {
        inputs: [
          { name: 'x', type: 'float32', shape: [null, 3] },
          { name: 'y', type: 'float32', shape: [null, 1] },
        ],
      },
      'has shape [any, 3], in the graph [any, 1]',
    ],
    ['too few inputs', { inputs: [{ name: 'x', type: 'float32', shape: [null, 1] }] }, 'lacks "y"'],
    ['a field from nowhere', { response: { predict: { risk: { from: 'band' } } } }, 'no "decision.bands"'],
  ])('whose model.json has %s is refused', async (_, manifest, text) => {
    await using folder = await Folder.create(linearBundle({ manifest }));
    await expect(loadModel({ path: folder.path, ...OPTIONS })).rejects.toThrow(text);
  });

  test('that merges rows says how many', async () => {
    await using folder = await Folder.create(classifierBundle());
    const model = await loadModel({ path: folder.path, ...OPTIONS });
    expect(model).toMatchObject({ merging: true, name: 'Leavers' });
    expect(model.cap).toBeGreaterThanOrEqual(1);
    expect(model.cap).toBeLessThanOrEqual(16);
  });

  test('whose rows depend on each other is served row by row', async () => {
    await using folder = await Folder.create();
    const graph = onnxModel({
      inputs: [{ name: 'x', type: 'float32', shape: ['N', 2] }],
      outputs: [{ name: 'y', type: 'float32', shape: ['N', 2] }],
      initializers: [{ name: 'axis', type: 'int64', dims: [], data: [0] }],
      nodes: [{ op: 'CumSum', inputs: ['x', 'axis'], outputs: ['y'] }],
    });
    const server = await startServer(await folder.write('sums.onnx', graph));
    expect(server.model.merging).toBe(false);
    const answers = await Promise.all(
      [1, 2, 3].map((n) =>
        post(`${server.url}/predict`, {
          x: [
            [n, n],
            [n, n],
          ],
        }),
      ),
    );
    const batch = await post(`${server.url}/predict_batch`, {
      instances: [{ x: [[1, 1]] }, { x: [[2, 2]] }],
    });
    const mixed = await post(`${server.url}/predict_batch`, {
      instances: [
        { x: [[1, 1]] },
        {
          x: [
            [2, 2],
            [3, 3],
          ],
        },
      ],
    });
    await server.stop();
    expect(answers.map(({ body }) => body['y'])).toEqual(
      [1, 2, 3].map((n) => [
        [n, n],
        [2 * n, 2 * n],
      ]),
    );
    expect(batch.body.predictions).toEqual([{ y: [1, 1] }, { y: [2, 2] }]);
    expect(mixed.status).toBe(422);
  });
});

describe('example requests', () => {
  const input = (fields: Partial<ModelInput>): ModelInput => ({
    name: 'x',
    type: 'float32',
    shape: [null, 1],
    required: true,
    integer: false,
    ...fields,
  });
  test.each([
    [input({ default: 37 }), 37],
    [input({ values: ['a', 'b', 'c'], type: 'string' }), 'b'],
    [input({ range: { min: 10, max: 20 } }), 15],
    [input({ range: { max: -4 } }), -4],
    [
      input({ shape: [null, 2, 2] }),
      [
        [0.5, 0.5],
        [0.5, 0.5],
      ],
    ],
    [input({ shape: [null], type: 'string' }), ''],
  ])('%#: from default, choices or range', (described, value) => {
    expect(exampleRequest([described], true)).toEqual({ x: value });
  });

  test.each([
    [input({ shape: [null, null] }), [[0.5]]],
    [input({ shape: [null] }), 0.5],
    [input({ shape: [2] }), [0.5, 0.5]],
  ])('%#: the whole tensor where rows do not run together', (described, value) => {
    expect(exampleRequest([described], false)).toEqual({ x: value });
  });

  test('samples differ from each other and are the same each time', () => {
    const inputs = [input({ range: { min: 0, max: 1 } })];
    const samples = sampleRequests(inputs, undefined, { count: 8, merging: true });
    expect(new Set(samples.map((sample) => sample['x'])).size).toBe(8);
    expect(sampleRequests(inputs, undefined, { count: 8, merging: true })).toEqual(samples);
  });

  test('the example that a person is shown is accepted', async () => {
    await using folder = await Folder.create(classifierBundle());
    const server = await startServer(folder.path);
    expect((await post(`${server.url}/predict`, server.model.example)).status).toBe(200);
    await server.stop();
  });
});

test("buckets of probabilities include the bands' limits and the threshold", async () => {
  await using folder = await Folder.create(
    classifierBundle({
      decision: {
        output: 'probabilities',
        threshold: 0.42,
        bands: [{ label: 'low', below: 0.15 }, { label: 'high' }],
      },
      response: undefined,
    }),
  );
  const { manifest } = await readModelSource(folder.path);
  if (manifest === undefined) throw new Error('a bundle has a manifest');
  const scale = predictionScale(manifest, undefined);
  expect(scale).toMatchObject({ kind: 'probability', outcomes: ['low', 'high'] });
  expect(scale?.buckets).toEqual([0.1, 0.15, 0.2, 0.3, 0.4, 0.42, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
});

test('buckets of values are few, from the first edge of the reference to the last', async () => {
  await using folder = await Folder.create(linearBundle());
  const { manifest } = await readModelSource(folder.path);
  if (manifest === undefined) throw new Error('a bundle has a manifest');
  const edges = Array.from({ length: 1000 }, (_, i) => i * 10);
  const prediction = {
    kind: 'numeric' as const,
    edges,
    counts: edges.slice(1),
    under: 0,
    over: 0,
    missing: 0,
  };
  const scale = predictionScale(manifest, { formatVersion: 1, rows: 1000, features: {}, prediction });
  expect(scale).toMatchObject({ kind: 'value', outcomes: ['value'] });
  expect(scale?.buckets.length).toBeLessThanOrEqual(26);
  expect([scale?.buckets[0], scale?.buckets.at(-1)]).toEqual([0, 9990]);
});

test('a start that fails after the graph was loaded leaves no profile behind', async () => {
  const inputs = [{ name: 'another', type: 'float32', shape: [null, 1] }];
  await using folder = await Folder.create(linearBundle({ manifest: { inputs } }));
  await using temporary = await Folder.create();
  vi.stubEnv('TMPDIR', temporary.path);
  try {
    await expect(loadModel({ ...OPTIONS, path: folder.path })).rejects.toThrow(/another/);
    expect(readdirSync(temporary.path)).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
  }
});
