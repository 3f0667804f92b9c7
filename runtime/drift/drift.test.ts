import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '#contract/canonical.ts';
import { classifierBundle, Folder, GATHER, post, startServer, type TestServer } from '#runtime/testing.ts';
import { onnxModel, type OnnxModel } from '#test/support/onnx.ts';
import type { MeasuredReport } from './report.ts';
import { LEAVERS, withReference } from './testing.ts';

/** However slow the machine of the tests is, nothing is refused. */
const PATIENT = { maxWaitMs: 60_000 };

const ages = (count: number, age: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => ({ Age: age(i), Country: i % 3 === 0 ? 'Spain' : 'France' }));

async function sendRows(server: TestServer, rows: readonly object[]): Promise<void> {
  for (let i = 0; i < rows.length; i += 50) {
    const { status } = await post(`${server.url}/predict_batch`, { customers: rows.slice(i, i + 50) });
    expect(status).toBe(200);
  }
}

async function reportOf(server: TestServer): Promise<MeasuredReport> {
  return (await (await fetch(`${server.url}/drift`)).json()) as MeasuredReport;
}

describe('of a bundle with a reference', () => {
  let folder: Folder;
  let server: TestServer;
  beforeAll(async () => {
    folder = await Folder.create(withReference(classifierBundle(), LEAVERS));
    server = await startServer(folder.path, { ...PATIENT, driftMinSamples: 200, name: 'leavers' });
  });
  afterAll(async () => {
    await server.stop();
    await folder[Symbol.asyncDispose]();
  });

  test('/drift counts what clients sent and were answered, and nothing of the start', async () => {
    expect(await reportOf(server)).toMatchObject({
      state: 'tooFewRows',
      message: 'Too few rows yet: 0 of 200 in the last hour.',
      window: { rows: 0, minSamples: 200, seconds: 3600 },
      referenceRows: 4000,
      notCompared: [],
    });
    await post(`${server.url}/predict`, { Age: 25, Country: 'Spain' });
    await post(`${server.url}/predict`, { Age: 25 });
    await post(`${server.url}/predict`, { Age: 17 });
    await post(`${server.url}/predict`, { Country: 'Spain' });
    await post(`${server.url}/v2/models/leavers/infer`, {
      inputs: [
        { name: 'Age', datatype: 'FP32', shape: [2, 1], data: [95, 99] },
        { name: 'Country', datatype: 'BYTES', shape: [2, 1], data: ['France', 'France'] },
      ],
    });
    const { features, window } = await reportOf(server);
    const now = (name: string) =>
      Object.fromEntries(
        (features.find((feature) => feature.name === name)?.bins ?? []).flatMap(({ bin, now: rows }) =>
          rows > 0 ? [[bin, rows]] : [],
        ),
      );
    expect(window.rows).toBe(4);
    expect(now('Age')).toEqual({ '20 to 29': 2, over: 2 });
    expect(now('Country')).toEqual({ Spain: 1, France: 2, missing: 1 });
    // sigmoid(-1.5) and, for Spain, sigmoid(-0.5); sigmoid(5.5) and sigmoid(5.9).
    expect(now('prediction')).toEqual({ '0 to 0.25': 1, '0.25 to 0.5': 1, '0.75 to 1': 2 });
  });

  test('says which features have drifted, the one that moved farthest first, and tells Prometheus', async () => {
    await sendRows(
      server,
      ages(1000, (i) => 50 + (i % 10)),
    );
    const report = await reportOf(server);
    expect(report.state).toBe('drifted');
    expect(report.message).toBe('1 of 2 features has drifted (Age), and so has the prediction.');
    expect(report.features.map(({ name, state }) => [name, state])).toEqual([
      ['Age', 'drifted'],
      ['prediction', 'drifted'],
      ['Country', 'steady'],
    ]);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/model_prediction_drift\{feature="Age"\} [1-9]/);
    expect(metrics).toMatch(/model_prediction_drift\{feature="Country"\} 0\.0/);
    expect(metrics).toContain('feature_values_total{feature="Age",bin="50 to 59"} 1000');
  });

  test.each([
    ['*/*', '', 'application/json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', '', 'text/html; charset=utf-8'],
    ['application/json', '', 'application/json'],
    ['text/html;q=0.5, application/json', '', 'application/json'],
    ['text/html', '?format=json', 'application/json'],
    ['*/*', '?format=html', 'text/html; charset=utf-8'],
  ])('answers Accept: %s %s with %s', async (accept, query, type) => {
    const response = await fetch(`${server.url}/drift${query}`, { headers: { accept } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('vary')).toBe('accept');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const text = await response.text();
    if (type === 'application/json') expect(JSON.parse(text)).toMatchObject({ state: 'drifted' });
    else expect(text).toContain('1 of 2 features has drifted (Age), and so has the prediction.');
  });

  test('is a page of its own strict policy', async () => {
    const response = await fetch(`${server.url}/drift`, { headers: { accept: 'text/html' } });
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });
});

/** A generic bundle of this graph, with bins for its only input. */
function graphBundle(model: OnnxModel, edges: readonly [number, number, number]) {
  const graph = onnxModel(model);
  const described = ({ name, type, shape }: OnnxModel['inputs'][number]) => ({
    name,
    type,
    shape: shape.map((dim) => (typeof dim === 'number' ? dim : null)),
  });
  const manifest = {
    formatVersion: 1,
    name: 'graph',
    version: '1',
    task: 'generic',
    files: { 'model.onnx': { sha256: sha256(graph), size: graph.byteLength } },
    inputs: model.inputs.map(described),
    outputs: model.outputs.map(described),
  };
  const bins = {
    kind: 'numeric' as const,
    edges: [...edges],
    counts: [500, 500],
    under: 0,
    over: 0,
    missing: 0,
  };
  const files = new Map([
    ['model.onnx', graph],
    ['model.json', Buffer.from(JSON.stringify(manifest))],
  ]);
  const features = { [model.inputs[0]?.name ?? '']: bins };
  return withReference(files, { formatVersion: 1, rows: 1000, features });
}

test('a run that fails counts nothing, and one of its requests that then succeeds counts once', async () => {
  await using folder = await Folder.create(graphBundle(GATHER, [-0.5, 4.5, 9.5]));
  const server = await startServer(folder.path, PATIENT);
  const answers = await Promise.all([3, 99, 7].map((idx) => post(`${server.url}/predict`, { idx })));
  const { features, notCompared } = await reportOf(server);
  await server.stop();
  expect(answers.map(({ status }) => status)).toEqual([200, 422, 200]);
  expect(features[0]?.bins.map(({ now }) => now)).toEqual([0, 1, 1, 0, 0]);
  expect(notCompared).toEqual([
    { name: 'prediction', reason: expect.stringContaining('decision') as string },
  ]);
});

test('runs on worker threads are counted as well, each row once', async () => {
  const size = 300;
  const slow: OnnxModel = {
    inputs: [{ name: 'x', type: 'float32', shape: [1, 1] }],
    outputs: [{ name: 'y', type: 'float32', shape: [1, 1] }],
    initializers: [{ name: 'size', type: 'int64', dims: [2], data: [size, size] }],
    nodes: [
      { op: 'Expand', inputs: ['x', 'size'], outputs: ['m0'] },
      ...[0, 1, 2, 3].map((i) => ({ op: 'MatMul', inputs: [`m${i}`, 'm0'], outputs: [`m${i + 1}`] })),
      {
        op: 'ReduceMax',
        inputs: ['m4'],
        outputs: ['y'],
        attributes: { axes: { ints: [0, 1] }, keepdims: { int: 1 } },
      },
    ],
  };
  await using folder = await Folder.create(graphBundle(slow, [0, 0.001, 0.002]));
  const server = await startServer(folder.path, PATIENT);
  const values = [0.0005, 0.0015, 0.0015, 0.01, -1];
  const answers = await Promise.all(values.map((x) => post(`${server.url}/predict`, { x })));
  const { features } = await reportOf(server);
  const { where } = server.model.execution;
  await server.stop();
  expect(where).toBe('worker threads');
  expect(answers.map(({ status }) => status)).toEqual(values.map(() => 200));
  expect(features[0]?.bins.map(({ now }) => now)).toEqual([1, 1, 2, 1, 0]);
});

test.each([
  ['a bundle without a reference', classifierBundle(), 'model.json names no drift reference'],
  ['a bare graph', new Map([['pick.onnx', onnxModel(GATHER)]]), 'a bare .onnx file'],
  [
    'a reference of other features',
    withReference(classifierBundle(), { formatVersion: 1, rows: 1, features: {} }),
    'reference.json has bins for nothing',
  ],
])('%s is served, and /drift says what is missing', async (_, files, text) => {
  await using folder = await Folder.create(files);
  const server = await startServer(folder.path, PATIENT);
  const json = (await (await fetch(`${server.url}/drift`)).json()) as { state: string; message: string };
  const page = await fetch(`${server.url}/drift`, { headers: { accept: 'text/html' } });
  const html = await page.text();
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  await server.stop();
  expect(json).toMatchObject({ state: 'notAvailable', message: expect.stringContaining(text) as string });
  expect(json.message).toMatch(/To have it, .*reference\.json/);
  expect(html).toContain('Drift is not available');
  expect(metrics).not.toContain('model_prediction_drift');
});
