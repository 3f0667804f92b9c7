import { afterEach, beforeEach, expect, test } from 'vitest';
import { FailureError } from '#contract/failure.ts';
import { type ReadOptions, readObject } from './read.ts';
import { createS3Store, type S3Options, type S3Store } from './store.ts';
import { s3Error, TestS3 } from './test-server.ts';

const timing = {
  requestTimeoutMs: 300,
  stallTimeoutMs: 200,
  stallBytes: 1000,
  attempts: 3,
  backoffMs: 5,
  connectTimeoutMs: 300,
};
const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 251));
const location = { bucket: 'models', key: 'a/model.onnx' };
const { signal } = new AbortController();
let server: TestS3;

beforeEach(async () => {
  server = await TestS3.start();
  server.put('models/a/model.onnx', body, 'v1');
});
afterEach(() => server.stop());

function store(options: Partial<S3Options> = {}): S3Store {
  return createS3Store({
    connection: { endpoint: server.endpoint },
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    addresses: { allowLoopback: true },
    timing,
    ...options,
  });
}

async function read(options: Partial<ReadOptions> = {}): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of readObject(store(), location, { signal, ...options }))
    parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

async function failureOf(work: Promise<unknown>): Promise<FailureError> {
  const error: unknown = await work.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  );
  if (!(error instanceof FailureError)) throw error;
  return error;
}

test('head gives size, ETag and version', async () => {
  await expect(store().head(location, signal)).resolves.toEqual({
    size: body.length,
    etag: expect.any(String),
    versionId: 'v1',
  });
});

test('a whole object and a range of it come as they are', async () => {
  expect((await read()).equals(body)).toBe(true);
  expect((await read({ range: { start: 1000, end: 1999 } })).equals(body.subarray(1000, 2000))).toBe(true);
});

test('a body that is cut again and again is resumed where it broke, on the same version', async () => {
  let cuts = 0;
  server.fault = (request, response, content) => {
    const start = Number(/bytes=(\d+)/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (content === undefined || start > 200_000) return false;
    cuts += 1;
    const rest = content.subarray(start);
    response.writeHead(start === 0 ? 200 : 206, {
      etag: '"e"',
      'x-amz-version-id': 'v1',
      'content-length': rest.length,
      'content-range': `bytes ${start}-${content.length - 1}/${content.length}`,
    });
    response.write(rest.subarray(0, 60_000), () => response.destroy());
    return true;
  };
  server.fault = withoutIfMatch(server.fault);
  expect((await read()).equals(body)).toBe(true);
  expect(cuts).toBeGreaterThan(2);
  expect(server.requests.slice(1).every(({ url }) => url.includes('versionId=v1'))).toBe(true);
});

/** The cut answers above carry an ETag of their own; the last, whole one must not be refused for it. */
function withoutIfMatch(fault: TestS3['fault']): TestS3['fault'] {
  return (request, response, content) => {
    delete request.headers['if-match'];
    return fault(request, response, content);
  };
}

test('a server that ignores Range is read past what is there already', async () => {
  let first = true;
  server.fault = (request, response, content) => {
    delete request.headers.range;
    if (!first || content === undefined) return false;
    first = false;
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, 100_000), () => response.destroy());
    return true;
  };
  expect((await read()).equals(body)).toBe(true);
});

test('an object that changes while it is read is not mixed', async () => {
  let first = true;
  server.put('models/a/model.onnx', body);
  server.fault = (_, response, content) => {
    if (!first || content === undefined) return false;
    first = false;
    response.writeHead(200, { 'content-length': content.length, etag: '"old"' });
    response.write(content.subarray(0, 100_000), () => response.destroy());
    return true;
  };
  const failure = await failureOf(read());
  expect(failure).toMatchObject({ reason: 'SourceUnavailable', transient: true });
  expect(failure.message).toContain('changed while it was being read');
});

test('503 and throttling are tried again, and named when they last', async () => {
  let answers = 0;
  server.fault = (_, response) => {
    answers += 1;
    if (answers > 2) return false;
    s3Error(response, 503, 'SlowDown');
    return true;
  };
  expect((await read()).equals(body)).toBe(true);
  server.fault = (_, response) => {
    s3Error(response, 503, 'SlowDown');
    return true;
  };
  const failure = await failureOf(read());
  expect(failure).toMatchObject({ reason: 'SourceUnavailable', transient: true });
  expect(failure.message).toContain('(HTTP 503): the store asks for fewer requests (throttling)');
});

test('a store that never answers is given up after its deadline', async () => {
  server.fault = () => true;
  const failure = await failureOf(store().head(location, signal));
  expect(failure.message).toContain('no answer within 0.3 s');
  expect(server.requests).toHaveLength(timing.attempts);
});

test('a body that stalls or drips is cut and given up', async () => {
  server.fault = (_, response, content) => {
    response.writeHead(200, { 'content-length': content?.length ?? 0 });
    const timer = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(timer));
    return true;
  };
  const failure = await failureOf(read());
  expect(failure.reason).toBe('SourceUnavailable');
  expect(failure.message).toMatch(/only \d+ bytes came in 0.2 s/);
}, 20_000);

test('the time that the reader takes is no stall', async () => {
  const parts: Buffer[] = [];
  for await (const part of readObject(store(), location, { signal })) {
    if (parts.length === 0) await new Promise((resolve) => setTimeout(resolve, 3 * timing.stallTimeoutMs));
    parts.push(Buffer.from(part));
  }
  expect(Buffer.concat(parts).equals(body)).toBe(true);
  expect(server.requests).toHaveLength(1);
});

test('an abort ends a read at once, with its own reason', async () => {
  server.fault = () => true;
  const controller = new AbortController();
  const reading = read({ signal: controller.signal });
  setTimeout(() => controller.abort(new Error('stopped')), 20);
  await expect(reading).rejects.toThrow('stopped');
});

test.each([
  [404, 'NoSuchBucket', 'NotFound', /the bucket does not exist/],
  [404, 'NoSuchKey', 'NotFound', /no such object/],
  [404, 'NoSuchVersion', 'NotFound', /no such version/],
  [403, 'InvalidAccessKeyId', 'AccessDenied', /does not know AWS_ACCESS_KEY_ID/],
  [403, 'SignatureDoesNotMatch', 'AccessDenied', /AWS_SECRET_ACCESS_KEY does not belong/],
  [403, 'AccessDenied', 'AccessDenied', /may not read it/],
  [403, 'SomethingElse', 'AccessDenied', /the store refuses/],
  [301, 'PermanentRedirect', 'AccessDenied', /another region/],
  [400, 'ExpiredToken', 'AccessDenied', /has expired/],
  [403, 'RequestTimeTooSkewed', 'SourceUnavailable', /clock/],
  [500, 'InternalError', 'SourceUnavailable', /internal error|problem of its own/],
  [502, 'Whatever', 'SourceUnavailable', /problem of its own/],
] as const)('HTTP %i %s is %s', async (status, code, reason, expected) => {
  server.fault = (_, response) => {
    s3Error(response, status, code);
    return true;
  };
  for (const failure of [await failureOf(store().head(location, signal)), await failureOf(read())]) {
    expect(failure.reason).toBe(reason);
    expect(failure.message).toMatch(expected);
    expect(failure.message).toContain('s3://models/a/model.onnx');
    expect(failure.message).not.toContain('secret-body-text');
  }
});

test('a refusal without a known reason says what to check, the version only where one is pinned', async () => {
  server.fault = (_, response) => {
    s3Error(response, 400, 'SomethingElse');
    return true;
  };
  const failure = await failureOf(store().head(location, signal));
  expect(failure.message).toMatch(
    /\(HTTP 400\): the store refuses the request\. Check the bucket and key in spec\.model\.uri, that AWS_ENDPOINT_URL says https:\/\/ where the port speaks TLS, and that AWS_REGION is the bucket's region\.$/,
  );
  const pinned = await failureOf(store().head({ ...location, versionId: 'no' }, signal));
  expect(pinned.message).toContain(
    'Check that spec.model.versionId is a version id of this store, the bucket',
  );
});

test('a web page in place of S3 is named, and not quoted', async () => {
  server.fault = (_, response) => {
    response.writeHead(404, { 'content-type': 'text/html' });
    response.end('<html>internal admin page</html>');
    return true;
  };
  const failure = await failureOf(read());
  expect(failure.message).not.toContain('admin');
});

const status = JSON.stringify({ kind: 'Status', apiVersion: 'v1', message: 'secret-body-text' });
test.each([
  ['its headers', 403, { 'audit-id': 'a1', 'content-type': 'text/plain' }, 'secret-body-text'],
  ['the headers of a success', 200, { 'X-Kubernetes-Pf-Flowschema-Uid': 'u1' }, '{"secret-body-text":1}'],
  ['its Status', 401, { 'content-type': 'application/json' }, status],
])('a Kubernetes API server is known by %s, at whatever address', async (_, code, headers, text) => {
  server.fault = (_request, response) => {
    response.writeHead(code, { ...headers, 'content-length': text.length });
    response.end(text);
    return true;
  };
  const seen = [
    await failureOf(store().head(location, signal)),
    await failureOf(store().list('models', 'a/', signal)),
    await failureOf(read()),
  ];
  for (const { reason, transient, message } of seen) {
    expect({ reason, transient }).toEqual({ reason: 'AccessDenied', transient: false });
    expect(message).toMatch(/is a Kubernetes API server, not an S3 store\. Set AWS_ENDPOINT_URL/);
    expect(message).not.toContain('secret-body-text');
  }
});

test('an error in JSON that is no Status is judged by its number', async () => {
  server.fault = (_request, response) => {
    const text = '{"message":"secret-body-text"}';
    response.writeHead(503, { 'content-type': 'application/json', 'content-length': text.length });
    response.end(text);
    return true;
  };
  const failure = await failureOf(read());
  expect(failure).toMatchObject({ reason: 'SourceUnavailable', transient: true });
  expect(failure.message).toContain('(HTTP 503)');
});

test('a redirect is not followed', async () => {
  const other = await TestS3.start();
  server.fault = (_, response) => {
    response.writeHead(307, { location: `${other.endpoint}/models/a/model.onnx` });
    response.end();
    return true;
  };
  const failure = await failureOf(read());
  expect(other.requests).toHaveLength(0);
  expect(failure.message).toContain('redirect, which is not followed');
  await other.stop();
});

test.each([
  ['http://localhost:1', /nothing listens there/],
  ['http://no-such-host.invalid', /does not resolve|DNS does not answer/],
])('an endpoint at %s is SourceUnavailable', async (endpoint, expected) => {
  const failure = await failureOf(store({ connection: { endpoint } }).head(location, signal));
  expect(failure.reason).toBe('SourceUnavailable');
  expect(failure.message).toMatch(expected);
});

test.each([
  ['http://localhost:9000', /localhost \(.*\) is a loopback address/],
  ['http://127.0.0.1:9000', /127.0.0.1 is a loopback address/],
  ['http://2130706433:9000', /127.0.0.1 is a loopback address/],
  ['http://0x7f.1:9000', /127.0.0.1 is a loopback address/],
  ['http://[::ffff:7f00:1]:9000', /loopback/],
  ['http://0.0.0.0:9000', /0.0.0.0 is an unspecified address/],
  ['http://[::]:9000', /:: is an unspecified address/],
  ['http://169.254.169.254', /link-local/],
  ['http://[fe80::1]', /link-local/],
  ['http://10.96.0.1:443', /the Kubernetes API server/],
])('the endpoint %s is refused', async (endpoint, expected) => {
  const options = { connection: { endpoint }, addresses: { refused: ['10.96.0.1:443'] } };
  const failure = await failureOf((async () => store(options).head(location, signal))());
  expect(failure).toMatchObject({ reason: 'AccessDenied', transient: false });
  expect(failure.message).toMatch(expected);
});

test('without keys nothing is read, unless the pod may lend its identity', () => {
  const connection = { endpoint: server.endpoint };
  expect(() => createS3Store({ connection, addresses: { allowLoopback: true } })).toThrow(
    'no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the credentials Secret',
  );
});

test('an anonymous read is not signed', async () => {
  let authorization: string | undefined = 'none seen';
  server.fault = (request) => {
    authorization = request.headers.authorization;
    return false;
  };
  const anonymous = createS3Store({
    connection: { endpoint: server.endpoint, anonymous: true },
    addresses: { allowLoopback: true },
  });
  await expect(anonymous.head(location, signal)).resolves.toHaveProperty('size', body.length);
  expect(authorization).toBeUndefined();
});
