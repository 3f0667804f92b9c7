import { createServer, type Server } from 'node:http';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogger } from '#runtime/log.ts';
import { Metrics } from '#runtime/metrics.ts';
import { ServiceState } from '#runtime/state.ts';
import { classifierBundle, Folder, startServer, type TestServer } from '#runtime/testing.ts';
import { TrafficPlane } from '#runtime/traffic/plane.ts';
import { Admission } from './admission.ts';
import { createApp } from './app.ts';
import { createFront, listen } from './front.ts';
import { Gate } from './gate.ts';
import { PredictionEndpoint } from './predictions.ts';

describe('while no model is loaded', () => {
  const state = new ServiceState('churn-1');
  const metrics = new Metrics();
  let front: Server;
  let url: string;

  beforeAll(async () => {
    const log = createLogger('error', {});
    const traffic = new TrafficPlane({ state, metrics, log, stableDeadlineMs: 1000, maxAnswerBytes: 1000 });
    const gate = new Gate({
      admission: new Admission({ maxWaitMs: 200 }),
      maxHeldBytes: 1e9,
      backlog: () => undefined,
      refused: () => undefined,
      warn: () => undefined,
    });
    front = createFront({
      state,
      metrics,
      predictions: new PredictionEndpoint({ state, metrics, traffic, log, maxBodyBytes: 10_000, gate }),
      app: createApp({ state, metrics, traffic, version: '0' }),
      requestTimeoutMs: 1000,
      log,
    });
    url = `http://127.0.0.1:${await listen(front, 0, '127.0.0.1')}`;
  });

  afterAll(() => {
    front.closeAllConnections();
    front.close();
  });

  test('health is a 503 that no client takes for health', async () => {
    const response = await fetch(`${url}/health`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ status: 'unhealthy', model_loaded: false });
  });

  test.each(['/predict', '/predict_batch'])(
    '%s is a 503 that clients of either error shape can read',
    async (path) => {
      const response = await fetch(url + path, { method: 'POST', body: '{}' });
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('1');
      expect(await response.json()).toEqual({
        error: 'Model not available',
        code: 'ModelUnavailable',
        details: [],
        detail: 'Model not available',
      });
    },
  );

  test.each([
    ['/livez', 200],
    ['/v2/health/live', 200],
    ['/readyz', 503],
    ['/v2/health/ready', 503],
    ['/model/info', 503],
    ['/openapi.json', 503],
    ['/v2/models/churn', 503],
    ['/metrics', 200],
    ['/windlass/v1/traffic', 200],
    ['/windlass/v1/drift', 200],
  ])('%s is %i', async (path, status) => {
    expect((await fetch(url + path)).status).toBe(status);
  });

  test('metrics say that no model is loaded', async () => {
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^model_loaded 0$/m);
  });
});

describe('whatever is sent', () => {
  let folder: Folder;
  let server: TestServer;

  beforeAll(async () => {
    folder = await Folder.create(classifierBundle());
    server = await startServer(folder.path, { name: 'leavers' });
  });

  afterAll(async () => {
    await server.stop();
    await folder[Symbol.asyncDispose]();
  });

  const feature = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(40, 'Spain', null, 1e300, -0, 2 ** 53));
  const features = fc.record({ Age: feature, Country: feature }, { requiredKeys: [] });
  const tensor = fc.record(
    {
      name: fc.oneof(fc.constantFrom('Age', 'Country'), fc.string()),
      shape: fc.oneof(fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 3 }), fc.jsonValue()),
      datatype: fc.oneof(fc.constantFrom('FP32', 'BYTES'), fc.string()),
      data: fc.oneof(fc.array(feature), fc.jsonValue()),
      parameters: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const json = fc
    .oneof(
      features,
      fc.record({ customers: fc.oneof(fc.array(features), fc.jsonValue()) }),
      fc.record(
        { inputs: fc.oneof(fc.array(tensor), fc.jsonValue()), outputs: fc.jsonValue(), id: fc.jsonValue() },
        { requiredKeys: ['inputs'] },
      ),
      fc.jsonValue(),
    )
    .map((value) => Buffer.from(JSON.stringify(value)));
  const broken = fc.tuple(json, fc.nat(), fc.uint8Array({ maxLength: 4 })).map(([bytes, at, noise]) => {
    const cut = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, cut), noise, bytes.subarray(cut + noise.length)]);
  });
  const path = fc.constantFrom(
    '/predict',
    '/predict_batch',
    '/v2/models/leavers/infer',
    '/v2/models/leavers/versions/7/infer',
  );

  test('the answer is JSON, and never a 5xx', async () => {
    await fc.assert(
      fc.asyncProperty(path, fc.oneof(json, broken), async (route, body) => {
        const response = await fetch(server.url + route, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        });
        expect([200, 400, 422]).toContain(response.status);
        const answer: unknown = await response.json();
        if (response.status !== 200) expect(answer).toHaveProperty('error');
      }),
      { numRuns: 1000 },
    );
  }, 60_000);
});

test('a port that another program has is named, with what to do', async () => {
  const other = createServer();
  const port = await listen(other, 0, '127.0.0.1');
  await expect(listen(createServer(), port, '127.0.0.1')).rejects.toThrow(
    `port ${port} of 127.0.0.1 cannot be listened on: another program has it; choose another one`,
  );
  other.close();
});
