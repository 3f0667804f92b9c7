import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onnxModel } from '#test/support/onnx.ts';
import { Folder, GATHER, post, serveClassifier, startServer } from '#runtime/testing.ts';

let server: Awaited<ReturnType<typeof serveClassifier>>;

beforeAll(async () => {
  server = await serveClassifier();
});

afterAll(async () => {
  await server.stop();
});

const GOOD = { Age: 50, Country: 'Spain' };

describe('predictions', () => {
  test('answer with the fields of the bundle, the revision and the request id', async () => {
    const answer = await post(`${server.url}/predict`, GOOD, { 'x-request-id': 'abc-1' });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ probability: 0.8808, prediction: 1, risk: 'HIGH', model_version: '7' });
    expect(answer.headers.get('x-request-id')).toBe('abc-1');
    expect(answer.headers.get('x-windlass-revision')).toBe('local');
    expect(answer.headers.get('connection')).toBe('keep-alive');
  });

  test('take null and absence for a missing optional value, and ignore fields that are none', async () => {
    for (const body of [{ Age: 40 }, { Age: 40, Country: null }, { Age: 40, Surname: 'Nobody' }]) {
      expect((await post(`${server.url}/predict`, body)).body).toMatchObject({ probability: 0.5 });
    }
  });

  test('in a batch keep the order and carry the fields beside them', async () => {
    const customers = Array.from({ length: 50 }, (_, i) => ({ Age: 18 + i }));
    const { status, body } = await post(`${server.url}/predict_batch`, { customers });
    expect(status).toBe(200);
    expect(body['model']).toBe('Leavers');
    const single = await Promise.all(
      customers.map(async (row) => (await post(`${server.url}/predict`, row)).body),
    );
    expect(body.predictions).toEqual(single);
  });

  test('through the V2 protocol by either name', async () => {
    const inputs = [
      { name: 'Country', shape: [2, 1], datatype: 'BYTES', data: ['Spain', ''] },
      { name: 'Age', shape: [2, 1], datatype: 'FP32', data: [[40], [40]] },
    ];
    for (const path of ['leavers', 'Leavers', 'leavers/versions/7']) {
      const { status, body } = await post(`${server.url}/v2/models/${path}/infer`, { id: 'q', inputs });
      expect(status).toBe(200);
      expect(body).toMatchObject({ model_name: 'leavers', model_version: '7', id: 'q' });
      expect(body.outputs[0]).toMatchObject({ name: 'probabilities', datatype: 'FP32', shape: [2, 2] });
      expect(body.outputs[0]?.data[1]).toBeCloseTo(0.7311, 4);
      expect(body.outputs[0]?.data[3]).toBeCloseTo(0.5, 4);
    }
  });

  test('of no rows need no run', async () => {
    const inputs = [
      { name: 'Age', shape: [0, 1], datatype: 'FP32', data: [] },
      { name: 'Country', shape: [0, 1], datatype: 'BYTES', data: [] },
    ];
    const { body } = await post(`${server.url}/v2/models/leavers/infer`, { inputs });
    expect(body.outputs).toEqual([{ name: 'probabilities', datatype: 'FP32', shape: [0, 2], data: [] }]);
  });
});

test('a request that fails in the model fails alone, with a 422', async () => {
  await using models = await Folder.create();
  const bare = await startServer(await models.write('gather.onnx', onnxModel(GATHER)));
  const asked = Array.from({ length: 40 }, (_, i) => (i % 7 === 3 ? 1000 : i % 10));
  const answers = await Promise.all(asked.map((idx) => post(`${bare.url}/predict`, { idx })));
  await bare.stop();
  for (const [i, idx] of asked.entries()) {
    expect(answers[i]?.status).toBe(idx === 1000 ? 422 : 200);
    if (idx !== 1000) expect(answers[i]?.body).toEqual({ picked: idx * 10 });
    else expect(answers[i]?.body.code).toBe('InputRefusedByModel');
  }
});

test('a bare graph refuses fields that are none of its inputs', async () => {
  await using models = await Folder.create();
  const bare = await startServer(await models.write('gather.onnx', onnxModel(GATHER)));
  const { status, body } = await post(`${bare.url}/predict`, { idx: 1, more: 2 });
  await bare.stop();
  expect(status).toBe(422);
  expect(body.details).toEqual([{ path: 'more', message: 'is no input of this model; its inputs are idx' }]);
});

describe('pages', () => {
  test.each([
    '/',
    '/health',
    '/livez',
    '/readyz',
    '/model/info',
    '/stats',
    '/openapi.json',
    '/v2',
    '/v2/health/live',
    '/v2/health/ready',
    '/v2/models/leavers',
    '/v2/models/Leavers/ready',
    '/v2/models/leavers/versions/7/ready',
    '/windlass/v1/traffic',
    '/windlass/v1/drift',
  ])('%s is JSON', async (path) => {
    const response = await fetch(server.url + path);
    expect(response.status).toBe(200);
    expect(response.headers.get('x-windlass-revision')).toBe('local');
    expect(await response.json()).toBeTypeOf('object');
  });

  test("health has the bundle's shape", async () => {
    const response = await fetch(`${server.url}/health`);
    expect(await response.json()).toEqual({ status: 'healthy', model_loaded: true });
  });

  test('metrics count a prediction once, by route, outcome and value', async () => {
    const counter = async (line: string): Promise<number> => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return Number(
        text
          .split('\n')
          .find((row) => row.startsWith(`${line} `))
          ?.split(' ')[1] ?? NaN,
      );
    };
    const lines = [
      'http_requests_total{method="POST",path="/predict",status="200"}',
      'predictions_total{outcome="HIGH"}',
      'prediction_probability_count',
    ];
    const before = await Promise.all(lines.map(counter));
    await post(`${server.url}/predict`, GOOD);
    expect(await Promise.all(lines.map(counter))).toEqual(before.map((value) => value + 1));
    expect(await counter('model_loaded')).toBe(1);
    expect(await counter('prediction_probability_bucket{le="0.3"}')).not.toBeNaN();
  });
});

test('a drain ends kept-alive connections with an answer and refuses readiness', async () => {
  const own = await startServer(server.folder.path, { drainSeconds: 1 });
  const stopped = own.stop('drain');
  await sleep(50);
  const ready = await fetch(`${own.url}/readyz`);
  expect(ready.status).toBe(503);
  const answer = await post(`${own.url}/predict`, GOOD);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('connection')).toBe('close');
  expect((await fetch(`${own.url}/health`)).status).toBe(200);
  expect(await stopped).toBe(0);
});
