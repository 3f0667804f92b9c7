import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  connectionFromSecret,
  createS3Store,
  probeModel,
  type Resolution,
  ResolutionCache,
  resolveModel,
  type ResolveRequest,
  type S3Store,
} from '#artifact/index.ts';
import { sha256 } from '#contract/canonical.ts';
import { FailureError } from '#contract/failure.ts';
import { pull, type PullRequest } from '#runtime/pull/pull.ts';
import { s3Source } from '#runtime/pull/s3-source.ts';
import { startMinio, type Minio } from '#test/cluster/minio.ts';
import { type BundleFiles, linearBundle, linearModel } from '#test/support/bundle.ts';
import { onnxModel } from '#test/support/onnx.ts';
import { S3Proxy } from '#test/support/s3-proxy.ts';

let minio: Minio;
let admin: S3Client;
const { signal } = new AbortController();

beforeAll(async () => {
  minio = await startMinio({ tls: true });
  admin = clientOf(minio);
  await Promise.all(['models', 'versioned'].map((Bucket) => admin.send(new CreateBucketCommand({ Bucket }))));
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await admin.send(new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration }));
});
afterAll(async () => {
  admin.destroy();
  await minio.stop();
});

function clientOf({ endpoint, region, accessKey, secretKey }: Minio): S3Client {
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    requestHandler: { httpsAgent: new Agent({ ca: minio.ca, keepAlive: true }) },
  });
}

const addresses = { allowLoopback: true } as const;
const connection = () => ({ endpoint: minio.endpoint, ...(minio.ca === undefined ? {} : { ca: minio.ca }) });
const secret = (more: Readonly<Record<string, string>> = {}) => {
  const data = {
    AWS_ACCESS_KEY_ID: minio.accessKey,
    AWS_SECRET_ACCESS_KEY: minio.secretKey,
    AWS_ENDPOINT_URL: minio.endpoint,
    'ca.crt': minio.ca ?? '',
    ...more,
  };
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
};
const timing = {
  attempts: 3,
  backoffMs: 50,
  requestTimeoutMs: 2000,
  connectTimeoutMs: 1000,
  stallTimeoutMs: 1000,
};
const storeOf = (more: Readonly<Record<string, string>> = {}): S3Store =>
  createS3Store({ ...connectionFromSecret({ data: secret(more) }), addresses, timing });

async function put(key: string, body: Uint8Array | string, bucket = 'models'): Promise<string | undefined> {
  const { VersionId } = await admin.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  return VersionId;
}
async function upload(prefix: string, files: BundleFiles): Promise<void> {
  for (const [path, content] of files) await put(prefix + path, content);
}
function resolve(uri: string, more: Partial<ResolveRequest> = {}): Promise<Resolution> {
  return resolveModel({ source: { uri }, signal, ...more, s3: more.s3 ?? storeOf() });
}
async function refusal(uri: string, more: Partial<ResolveRequest> = {}): Promise<FailureError> {
  const error: unknown = await resolve(uri, more).then(
    () => new Error('it resolved'),
    (error: unknown) => error,
  );
  if (!(error instanceof FailureError)) throw error;
  return error;
}

describe('a real store over TLS', () => {
  test('a bundle resolves with the keys and the authority of its Secret', async () => {
    const files = linearBundle();
    await upload('linear/1/', files);
    const { artifact, graph, marker } = await resolve('s3://models/linear/1/');
    expect(artifact.files.map((file) => [file.path, file.sha256])).toEqual(
      [...files]
        .map(([path, content]) => [path, sha256(content)])
        .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    );
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x', 'y']);
    const probe = { source: { uri: 's3://models/linear/1/' }, s3: storeOf(), signal };
    await expect(probeModel(probe)).resolves.toBe(marker);
    await put(
      'linear/1/model.json',
      Buffer.concat([files.get('model.json') ?? Buffer.alloc(0), Buffer.from('\n')]),
    );
    await expect(probeModel(probe)).resolves.not.toBe(marker);
  });

  test('a version stays readable after the next one and after the object was deleted', async () => {
    const first = await put('m.onnx', linearModel(2), 'versioned');
    await put('m.onnx', linearModel(3), 'versioned');
    const source = { uri: 's3://versioned/m.onnx', ...(first === undefined ? {} : { versionId: first }) };
    const { artifact } = await resolve(source.uri, { source });
    expect(artifact.sha256).toBe(sha256(linearModel(2)));
    const latest = await resolve(source.uri);
    expect(latest.artifact.sha256).toBe(sha256(linearModel(3)));
    expect(latest.artifact.files[0]?.versionId).toMatch(/./);
    const unknown = await refusal(source.uri, { source: { ...source, versionId: crypto.randomUUID() } });
    expect(unknown).toMatchObject({
      reason: 'NotFound',
      message: expect.stringContaining('no such version'),
    });
  });

  test.each<[string, Readonly<Record<string, string>>, string, string, RegExp]>([
    [
      'an unknown key',
      { AWS_ACCESS_KEY_ID: 'nobody' },
      's3://models/linear/1/',
      'AccessDenied',
      /does not know AWS_ACCESS_KEY_ID/,
    ],
    [
      'a wrong secret',
      { AWS_SECRET_ACCESS_KEY: 'wrong' },
      's3://models/linear/1/',
      'AccessDenied',
      /AWS_SECRET_ACCESS_KEY does not belong/,
    ],
    [
      'an authority that is not trusted',
      { 'ca.crt': '' },
      's3://models/linear/1/',
      'SourceUnavailable',
      /not trusted. Put its PEM/,
    ],
    [
      'http where the store wants https',
      {},
      's3://models/linear/1/',
      'SourceUnavailable',
      /HTTP 400|not an S3 service|connection was cut/,
    ],
    ['no such bucket', {}, 's3://nowhere/linear/1/', 'NotFound', /the bucket does not exist/],
    [
      'no such object',
      {},
      's3://models/linear/7/',
      'NotFound',
      /Similar names are there: s3:\/\/models\/linear\/1\//,
    ],
  ])('%s is named', async (name, change, uri, reason, expected) => {
    await upload('linear/1/', linearBundle());
    const plain = name.startsWith('http ')
      ? { AWS_ENDPOINT_URL: minio.endpoint.replace('https', 'http') }
      : change;
    const failure = await refusal(uri, { s3: storeOf(plain) });
    expect(failure.message).toMatch(expected);
    expect(failure.reason).toBe(reason);
  });

  test('anonymous reading of a private bucket is AccessDenied', async () => {
    const s3 = createS3Store({ connection: { ...connection(), anonymous: true }, addresses, timing });
    expect((await refusal('s3://models/linear/1/', { s3 })).reason).toBe('AccessDenied');
  });

  test.each<[string, string, Uint8Array, RegExp]>([
    ['an empty object', 'empty.onnx', new Uint8Array(), /empty.onnx is empty/],
    ['a truncated graph', 'cut.onnx', linearModel().subarray(0, 80), /is not a whole ONNX model/],
    ['random bytes', 'random.onnx', randomBytes(100_000), /is not a whole ONNX model|is not an ONNX model/],
    ['a ZipMap', 'zip.onnx', zipMap(), /options=\{'zipmap': False\}/],
  ])('%s is UnsafeModel', async (_, key, content, expected) => {
    await put(key, content);
    const failure = await refusal(`s3://models/${key}`);
    expect(failure.message).toMatch(expected);
    expect(failure.reason).toBe('UnsafeModel');
  });
});

function zipMap(): Uint8Array {
  return onnxModel({
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 1] }],
    outputs: [{ name: 'p', type: 'float32', shape: [], container: 'sequence-of-maps' }],
    nodes: [{ op: 'ZipMap', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['p'] }],
    domains: { 'ai.onnx.ml': 3 },
  });
}

describe('a store that has troubles', () => {
  let proxy: S3Proxy;
  beforeEach(async () => {
    proxy = await S3Proxy.start(minio);
    await upload('big/', linearBundle({ ballastMiB: 24 }));
  });
  afterEach(() => proxy.stop());
  const throughProxy = () => storeOf({ AWS_ENDPOINT_URL: proxy.endpoint.replace('http:', 'https:') });

  test('connections that are cut again and again are resumed', async () => {
    proxy.setFault({ kind: 'cut', bytes: 6_000_000 });
    const { artifact } = await resolve('s3://models/big/', { s3: throughProxy() });
    expect(artifact.size).toBeGreaterThan(24 * 1024 * 1024);
    expect(proxy.cuts).toBeGreaterThan(3);
  });

  test.each(['refuse', 'stall'] as const)(
    'a store that does %s is SourceUnavailable, within its deadline',
    async (kind) => {
      proxy.setFault({ kind });
      const started = performance.now();
      const failure = await refusal('s3://models/big/', { s3: throughProxy() });
      expect(failure).toMatchObject({ reason: 'SourceUnavailable', transient: true });
      expect(performance.now() - started).toBeLessThan(15_000);
    },
  );

  test('a store that comes back is read again', async () => {
    await minio.kill();
    const failure = await refusal('s3://models/big/');
    expect(failure.message).toContain('nothing listens there');
    await minio.start();
    await expect(resolve('s3://models/big/')).resolves.toHaveProperty('artifact');
  });

  test('one of a thousand equal resolutions reads', async () => {
    const cache = new ResolutionCache();
    const s3 = throughProxy();
    await Promise.all(Array.from({ length: 1000 }, () => resolve('s3://models/big/', { s3, cache })));
    proxy.setFault({ kind: 'cut', bytes: 100_000 });
    await expect(resolve('s3://models/big/', { s3, cache })).resolves.toHaveProperty('artifact');
  });
});

describe('pulling from a real store', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'windlass-pull-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const log = { info: () => undefined, warn: () => undefined } as unknown as PullRequest['log'];
  const into = (artifact: Resolution['artifact'], store = storeOf()) =>
    pull({
      artifact,
      target: folder,
      origin: s3Source(store, artifact),
      log,
      signal,
      chooser: { pauseMs: 50, maxPauseMs: 500, giveUpMs: 5000 },
    });

  test('a versioned model is pulled as it was, even after it was overwritten', async () => {
    await put('p.onnx', linearModel(2), 'versioned');
    const { artifact } = await resolve('s3://versioned/p.onnx');
    await put('p.onnx', linearModel(3), 'versioned');
    await into(artifact);
    expect(sha256(await readFile(join(folder, 'p.onnx')))).toBe(sha256(linearModel(2)));
  });

  test('bytes that changed since they were checked are a DigestMismatch', async () => {
    await put('q.onnx', linearModel(2));
    const { artifact } = await resolve('s3://models/q.onnx');
    await put('q.onnx', linearModel(3));
    await expect(into(artifact)).rejects.toMatchObject({ reason: 'DigestMismatch' });
  });

  test('the store may go and come back in the middle', async () => {
    await upload('big/', linearBundle({ ballastMiB: 64 }));
    const { artifact } = await resolve('s3://models/big/');
    const proxy = await S3Proxy.start(minio);
    const pulling = into(artifact, storeOf({ AWS_ENDPOINT_URL: proxy.endpoint.replace('http:', 'https:') }));
    setTimeout(() => proxy.setFault({ kind: 'refuse' }), 100);
    setTimeout(() => proxy.setFault({ kind: 'pass' }), 1500);
    await pulling;
    await proxy.stop();
    expect(sha256(await readFile(join(folder, 'model.onnx')))).toBe(
      artifact.files.find(({ path }) => path === 'model.onnx')?.sha256,
    );
  });
});
