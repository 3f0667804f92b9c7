import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FailureError } from '#contract/failure.ts';
import { createMlflowServer, type MlflowServer } from './server.ts';
import { type Fault, TestMlflow } from './test-server.ts';
import { parseRegistryUri } from './uri.ts';

let registry: TestMlflow;
let server: MlflowServer;
const { signal } = new AbortController();
const timing = {
  attempts: 2,
  backoffMs: 5,
  requestTimeoutMs: 300,
  connectTimeoutMs: 300,
  stallTimeoutMs: 200,
  stallBytes: 16,
};

beforeEach(async () => {
  registry = await TestMlflow.start();
  registry.register('mlflow-artifacts:/1/model');
  server = open();
});
afterEach(async () => {
  server.close();
  await registry.stop();
});

function open(more: object = {}): MlflowServer {
  return createMlflowServer({ url: registry.url, addresses: { allowLoopback: true }, timing, ...more });
}
const find = (uri = 'models:/linear@champion') => server.find(parseRegistryUri(uri), signal);
async function refusal(promise: Promise<unknown> = find()): Promise<FailureError> {
  const error: unknown = await promise.then(
    () => new Error('no failure'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof FailureError)) throw error;
  return error;
}
async function collect(start = 0, size = 100_000): Promise<Buffer> {
  const parts: Buffer[] = [];
  const file = { path: '1/model/big file.bin', size, what: 'models:/linear/3 (big file.bin)' };
  for await (const piece of server.read(file, start, size, signal)) parts.push(Buffer.from(piece));
  return Buffer.concat(parts);
}
const says =
  (status: number, body = 'SECRET WORDS', type = 'text/html'): Fault =>
  (_, response) => {
    response.writeHead(status, { 'content-type': type, location: 'http://example.com/' });
    response.end(body);
    return true;
  };

test.each([
  ['mlflow-artifacts:/1/model', { by: 'mlflow', path: '1/model' }],
  ['mlflow-artifacts:/', { by: 'mlflow', path: '' }],
  ['s3://bucket/a/b', { by: 's3', uri: 's3://bucket/a/b/' }],
  ['models:/m-0123', { by: 's3', uri: 's3://bucket/logged/' }],
  ['runs:/r1/other', { by: 'mlflow', path: '1/r1/artifacts/other' }],
  ['runs:/r1/logged', { by: 's3', uri: 's3://bucket/logged/' }],
])('a version at %s is found', async (uri, location) => {
  registry.register(uri);
  registry.answers.set('mlflow/logged-models/m-0123', {
    model: { info: { artifact_uri: 's3://bucket/logged', name: 'logged' } },
  });
  registry.answers.set('mlflow/runs/get?run_id=r1', {
    run: {
      info: { artifact_uri: 'mlflow-artifacts:/1/r1/artifacts' },
      outputs: { model_outputs: [{ model_id: 'm-0123', step: 0 }] },
    },
  });
  await expect(find()).resolves.toEqual({ name: 'linear', version: '3', createdAt: 1, location });
  await expect(find('models:/linear/3')).resolves.toMatchObject({ location });
});

test.each([
  ['file:///mlruns/1', 'NotFound', 'lies at a file: URI'],
  ['/mlruns/1', 'NotFound', 'on the machine of the MLflow server'],
  ['gs://bucket/a', 'NotFound', 'lies at a gs: URI'],
  ['mlflow-artifacts:/1/../../etc', 'NotFound', 'cannot be read from here'],
  ['mlflow-artifacts:/1/%2e%2e/etc', 'NotFound', 'cannot be read from here'],
  ['mlflow-artifacts://elsewhere:5000/1', 'AccessDenied', 'not the tracking server'],
  ['http://elsewhere/api/2.0/mlflow-artifacts/artifacts/1', 'AccessDenied', 'not the tracking server'],
  ['models:/m-1', 'NotFound', 'leads from one models:/ or runs:/ URI to the next'],
])('a version at %s is %s', async (uri, reason, message) => {
  registry.register(uri);
  registry.answers.set('mlflow/logged-models/m-1', { model: { info: { artifact_uri: 'models:/m-1' } } });
  const failure = await refusal();
  expect(failure.message).toContain(message);
  expect(failure.message).toContain('models:/linear/3');
  expect(failure.reason).toBe(reason);
  expect(registry.requests.every(({ url }) => url.startsWith('/api/2.0/mlflow/'))).toBe(true);
});

describe('an answer that is none', () => {
  test.each<[string, Fault, string, RegExp]>([
    ['401', says(401), 'AccessDenied', /does not accept the credentials. Check MLFLOW_TRACKING_USERNAME/],
    ['403', says(403), 'AccessDenied', /Grant READ on the registered model/],
    ['a redirect to a login', says(302), 'AccessDenied', /redirect, which is not followed/],
    ['404 of another web server', says(404), 'SourceUnavailable', /not MLflow's REST API/],
    ['HTML with 200', says(200), 'SourceUnavailable', /not MLflow's REST API/],
    ['JSON with other fields', says(200, '{"a":1}', 'application/json'), 'SourceUnavailable', /REST API/],
    ['broken JSON', says(200, '{"a', 'application/json'), 'SourceUnavailable', /not MLflow's REST API/],
    ['500', says(500), 'SourceUnavailable', /HTTP 500.*See its log/],
    ['503', says(503), 'SourceUnavailable', /--serve-artifacts/],
    ['429', says(429), 'SourceUnavailable', /asks for fewer requests/],
    ['silence', () => true, 'SourceUnavailable', /no answer within 0.3 s/],
    ['a cut', (_, response) => Boolean(response.destroy()), 'SourceUnavailable', /connection was cut/],
  ])(
    '%s is a failure that names the host and the model, and quotes nothing',
    async (_, fault, reason, message) => {
      registry.fault = fault;
      const failure = await refusal();
      expect(failure.message).toMatch(message);
      expect(failure.message).toContain('models:/linear@champion');
      expect(failure.message).toContain(new URL(registry.url).host);
      expect(failure.message).not.toContain('SECRET');
      expect(failure.reason).toBe(reason);
    },
  );

  test('only what may pass is tried again', async () => {
    registry.fault = says(403);
    await refusal();
    expect(registry.requests).toHaveLength(1);
    let failures = 1;
    registry.fault = (request, response) => failures-- > 0 && says(500)(request, response);
    await expect(find()).resolves.toHaveProperty('version', '3');
  });

  test('a version that is not there, or not ready, is told', async () => {
    expect((await refusal(find('models:/linear/4'))).message).toContain('has no version 4');
    expect((await refusal(find('models:/linear@other'))).message).toContain('no alias "other"');
    registry.register('s3://a/b', { status: 'PENDING_REGISTRATION' });
    expect(await refusal()).toMatchObject({ reason: 'SourceUnavailable' });
  });

  test('a Kubernetes API server is refused, by its words and by its headers', async () => {
    registry.fault = says(403, '{"kind":"Status","apiVersion":"v1"}', 'application/json');
    expect((await refusal()).message).toContain('is a Kubernetes API server');
    registry.fault = (_, response) => {
      response.writeHead(200, { 'audit-id': 'x' }).end('{}');
      return true;
    };
    expect(await refusal()).toMatchObject({ reason: 'AccessDenied', transient: false });
  });
});

test.each(['http://127.0.0.1:5000', 'http://[::1]:5000', 'http://169.254.169.254', 'http://2130706433'])(
  'a server at %s is refused',
  (url) => {
    expect(() => createMlflowServer({ url })).toThrow(
      /The MLflow server .* which a model may not be read from/,
    );
  },
);

test('a name that resolves to this host is refused when it is connected to', async () => {
  const named = createMlflowServer({ url: registry.url.replace('127.0.0.1', 'localhost'), timing });
  const failure = await refusal(named.find(parseRegistryUri('models:/linear/3'), signal));
  expect(failure.message).toContain('is a loopback address');
  expect(registry.requests).toEqual([]);
  named.close();
});

test.each([
  [{ by: 'password', username: 'ä', password: 'b:c' }, `Basic ${Buffer.from('ä:b:c').toString('base64')}`],
  [{ by: 'token', token: 'abc.def' }, 'Bearer abc.def'],
])('credentials go with every request', async (credentials, expected) => {
  const known = open({ credentials });
  await known.find(parseRegistryUri('models:/linear/3'), signal);
  await known.list('1', 'a folder', signal);
  expect(new Set(registry.requests.map(({ headers }) => headers.authorization))).toEqual(new Set([expected]));
  known.close();
});

test('a server below a path is asked there', async () => {
  const below = open({ url: `${registry.url}/mlflow` });
  await refusal(below.find(parseRegistryUri('models:/linear/3'), signal));
  expect(registry.requests[0]?.url).toMatch(/^\/mlflow\/api\/2.0\/mlflow\/model-versions\/get\?/);
  below.close();
});

describe('a file behind the server', () => {
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
  beforeEach(() => registry.files.set('1/model/big file.bin', bytes));

  test('comes whole, or from where one left off', async () => {
    expect((await collect()).equals(bytes)).toBe(true);
    expect((await collect(99_000)).equals(bytes.subarray(99_000))).toBe(true);
  });

  const cutAt = (response: ServerResponse, start: number) => {
    response.writeHead(206, {
      'content-range': `bytes ${start}-99999/100000`,
      'content-length': 100_000 - start,
    });
    response.write(bytes.subarray(start, start + 30_000), () => response.destroy());
    return true;
  };
  test('is read on where a connection broke', async () => {
    registry.fault = ({ headers }, response) => {
      const start = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
      return start < 70_000 && cutAt(response, start);
    };
    expect((await collect()).equals(bytes)).toBe(true);
    expect(registry.requests.map(({ headers }) => headers.range)).toEqual([
      undefined,
      'bytes=30000-',
      'bytes=60000-',
      'bytes=90000-',
    ]);
  });

  test('is read from a server that ignores ranges', async () => {
    registry.fault = (_, response) => {
      response.writeHead(200).end(bytes);
      return true;
    };
    expect((await collect(99_000)).equals(bytes.subarray(99_000))).toBe(true);
  });

  test('that stalls, is cut again and again, or got shorter is given up', async () => {
    registry.fault = (_, response) => {
      response.writeHead(200, { 'content-length': 100_000 }).write('a');
      return true;
    };
    expect((await refusal(collect())).message).toContain('models:/linear/3 (big file.bin)');
    registry.fault = (_, response) => Boolean(response.destroy());
    expect(await refusal(collect())).toMatchObject({ reason: 'SourceUnavailable', transient: true });
    registry.fault = says(416);
    expect(await refusal(collect(10))).toMatchObject({ reason: 'DigestMismatch' });
  });
});
