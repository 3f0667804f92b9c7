import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  connectionFromSecret,
  createMlflowServer,
  createS3Store,
  mlflowFromSecret,
  type MlflowServer,
  probeModel,
  type Resolution,
  resolveModel,
  type S3Store,
} from '#artifact/index.ts';
import type { Artifact } from '#contract/artifact.ts';
import { sha256 } from '#contract/canonical.ts';
import { FailureError } from '#contract/failure.ts';
import { loadModel } from '#runtime/model/load.ts';
import { mlflowSource } from '#runtime/pull/mlflow-source.ts';
import { pull, type PullRequest } from '#runtime/pull/pull.ts';
import { s3Source } from '#runtime/pull/s3-source.ts';
import { startMinio, type Minio } from '#test/cluster/minio.ts';
import { type Mlflow, mlmodelFile, Registry, startMlflow } from '#test/mlflow/index.ts';
import { linearBundle, linearModel } from '#test/support/bundle.ts';
import { onnxModel } from '#test/support/onnx.ts';
import { S3Proxy } from '#test/support/s3-proxy.ts';

let minio: Minio;
let mlflow: Mlflow;
let registry: Registry;
let admin: S3Client;
let server: MlflowServer;
let s3: S3Store;
const { signal } = new AbortController();
const addresses = { allowLoopback: true } as const;
/** Versions 1 and 2 of Bank Churn. */
const [first, second] = [linearBundle(), linearBundle({ version: '2', weight: 3 })];
const timing = { attempts: 2, backoffMs: 50, connectTimeoutMs: 1000 };

beforeAll(async () => {
  minio = await startMinio();
  mlflow = await startMlflow({ s3: minio, auth: true });
  registry = new Registry(mlflow);
  const { endpoint, region, accessKey, secretKey } = minio;
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  admin = new S3Client({ endpoint, region, forcePathStyle: true, credentials });
  await admin.send(new CreateBucketCommand({ Bucket: 'models' }));
  server = serverOf(secret());
  await registry.registerFiles('Bank Churn', first);
  await registry.registerFiles('Bank Churn', second);
  s3 = createS3Store({ ...connectionFromSecret({ data: secret() }), addresses });
});
afterAll(async () => {
  server.close();
  s3.close();
  admin.destroy();
  await mlflow.stop();
  await minio.stop();
});

function secret(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const data = {
    AWS_ACCESS_KEY_ID: minio.accessKey,
    AWS_SECRET_ACCESS_KEY: minio.secretKey,
    AWS_ENDPOINT_URL: minio.endpoint,
    MLFLOW_TRACKING_URI: mlflow.url,
    MLFLOW_TRACKING_USERNAME: mlflow.account?.username ?? '',
    MLFLOW_TRACKING_PASSWORD: mlflow.account?.password ?? '',
    ...more,
  };
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return Object.fromEntries(encoded) as Record<string, string>;
}
function serverOf(data: Readonly<Record<string, string>>): MlflowServer {
  return createMlflowServer({ ...mlflowFromSecret(data, 'Secret churn/models'), addresses, timing });
}
function resolve(uri: string, from = server): Promise<Resolution> {
  return resolveModel({ source: { uri }, s3, mlflow: from, signal });
}
const probe = (uri: string) => probeModel({ source: { uri }, s3, mlflow: server, signal });
async function refusal(uri: string, from?: MlflowServer): Promise<FailureError> {
  const error: unknown = await resolve(uri, from).then(
    () => new Error('it resolved'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof FailureError)) throw error;
  return error;
}
async function put(prefix: string, files: ReadonlyMap<string, Uint8Array | string>): Promise<void> {
  for (const [path, Body] of files) {
    await admin.send(new PutObjectCommand({ Bucket: 'models', Key: prefix + path, Body }));
  }
}
const digests = ({ files }: Artifact) => files.map((file) => [file.path, file.sha256]);
const sorted = (files: ReadonlyMap<string, Uint8Array | string>) =>
  [...files]
    .map(([path, content]) => [path, sha256(content)])
    .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));

/** `value = x * w`, with w in a file beside the graph. */
function onnxFlavour(weight: number): ReadonlyMap<string, Uint8Array | string> {
  const graph = onnxModel({
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 1] }],
    outputs: [{ name: 'value', type: 'float32', shape: ['N', 1] }],
    initializers: [
      {
        name: 'w',
        type: 'float32',
        dims: [1],
        external: { location: 'model.onnx.data', offset: '0', length: '4' },
      },
    ],
    nodes: [{ op: 'Mul', inputs: ['x', 'w'], outputs: ['value'] }],
  });
  const data = Buffer.alloc(4);
  data.writeFloatLE(weight);
  return new Map<string, Uint8Array | string>([
    ['MLmodel', mlmodelFile({ onnx: { data: 'model.onnx' }, python_function: {} })],
    ['model.onnx', graph],
    ['model.onnx.data', data],
    ['requirements.txt', 'onnx'],
  ]);
}

describe('registered models behind the server, with user and password', () => {
  test('an alias that moves is other bytes, and the same as before when it moves back', async () => {
    await registry.promote('Bank Churn', 'champion', '1');
    const one = await resolve('models:/Bank Churn@champion');
    expect(one.artifact).toMatchObject({
      format: 'bundle',
      uri: expect.stringMatching(/^mlflow-artifacts:\/0\/[0-9a-f]{32}\/artifacts\/model\/$/),
      registry: { name: 'Bank Churn', version: '1' },
    });
    expect(digests(one.artifact)).toEqual(sorted(first));
    expect(await probe('models:/Bank Churn@champion')).toBe(one.marker);
    await registry.promote('Bank Churn', 'champion', '2');
    expect(await probe('models:/Bank Churn@champion')).not.toBe(one.marker);
    const two = await resolve('models:/Bank Churn@champion');
    expect(two.artifact.registry?.version).toBe('2');
    expect(digests(two.artifact)).toEqual(sorted(second));
    await registry.promote('Bank Churn', 'champion', '1');
    expect(await resolve('models:/Bank Churn@champion')).toEqual(one);
    expect((await resolve('models:/Bank Churn/2')).artifact).toEqual(two.artifact);
  });

  test('a logged model and a run are followed to their files', async () => {
    const files = linearBundle({ weight: 5 });
    const modelId = await registry.logModel('model', files);
    await registry.register('Followed', `models:/${modelId}`, { model_id: modelId });
    const { runId } = await registry.logFiles('some/folder', files);
    await registry.register('Followed', `runs:/${runId}/some/folder`, { run_id: runId });
    await registry.register('Followed', 'models:/Followed/1');
    for (const version of [1, 2, 3]) {
      const { artifact } = await resolve(`models:/Followed/${version}`);
      expect(digests(artifact)).toEqual(sorted(files));
    }
  });

  test.each<[string, Readonly<Record<string, string>>, string, string, RegExp]>([
    ['a wrong password', { MLFLOW_TRACKING_PASSWORD: 'x' }, 'Bank Churn/1', 'AccessDenied', /HTTP 401/],
    ['an alias that nobody set', {}, 'Bank Churn@nobody', 'NotFound', /no alias "nobody"/],
    ['a version that is not there', {}, 'Bank Churn/77', 'NotFound', /no version 77/],
    ['a model that is not there', {}, 'Nothing@champion', 'NotFound', /registered model "Nothing"/],
    ['another path', { MLFLOW_TRACKING_URI: '/x' }, 'Bank Churn/1', 'SourceUnavailable', /MLflow's REST API/],
    ['a store instead', { MLFLOW_TRACKING_URI: 's3' }, 'Bank Churn/1', 'SourceUnavailable', /REST API/],
  ])('%s is named', async (_, change, uri, reason, expected) => {
    const place = change['MLFLOW_TRACKING_URI'];
    const url = place === '/x' ? `${mlflow.url}/x` : place === 's3' ? minio.endpoint : mlflow.url;
    const other = serverOf(secret({ ...change, MLFLOW_TRACKING_URI: url }));
    const failure = await refusal(`models:/${uri}`, other);
    expect(failure.message).toMatch(expected);
    expect(failure.message).toContain(new URL(url).host);
    expect(failure.reason).toBe(reason);
    other.close();
  });

  test('a version without an ONNX flavour says which it has, one without anything what is there', async () => {
    const sklearn = mlmodelFile({ sklearn: {}, python_function: {} });
    const without = await registry.registerFiles('Other', new Map([['MLmodel', sklearn]]));
    const empty = await registry.registerFiles('Other', new Map([['weights.pt', 'x']]));
    const flavour = await refusal(`models:/Other/${without}`);
    expect(flavour.reason).toBe('InvalidManifest');
    expect(flavour.message).toContain('(flavours: sklearn, python_function). Log the model with mlflow.onnx');
    const neither = await refusal(`models:/Other/${empty}`);
    expect(neither.reason).toBe('InvalidManifest');
    expect(neither.message).toContain('there is weights.pt');
  });
});

describe('registered models in S3', () => {
  test('are read from the bucket, at the version of the registry', async () => {
    const files = linearBundle({ weight: 7 });
    await put('registered/7/', files);
    const version = await registry.register('InS3', 's3://models/registered/7');
    const { artifact } = await resolve(`models:/InS3/${version}`);
    expect(artifact).toMatchObject({ uri: 's3://models/registered/7/', registry: { name: 'InS3', version } });
    expect(digests(artifact)).toEqual(sorted(files));
    const empty = await registry.register('InS3', 's3://models/registered/8');
    const failure = await refusal(`models:/InS3/${empty}`);
    expect(failure.reason).toBe('InvalidManifest');
    expect(failure.message).toContain('s3://models/registered/8/ there is nothing');
  });

  test('a prefix that MLflow wrote is a model without a registry, too', async () => {
    await put('directory/', onnxFlavour(2));
    const { artifact } = await resolve('s3://models/directory/');
    expect(artifact).toMatchObject({ format: 'onnx', graph: 'model.onnx', uri: 's3://models/directory/' });
    expect(artifact.registry).toBeUndefined();
    expect(artifact.files.map(({ path }) => path)).toEqual(['model.onnx', 'model.onnx.data']);
  });
});

describe('pulling', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'windlass-pull-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const log = { info: () => undefined, warn: () => undefined } as unknown as PullRequest['log'];
  const into = (artifact: Artifact, origin: PullRequest['origin']) =>
    pull({ artifact, target: folder, origin, log, signal });

  test('an ONNX flavour with external data loads under the name and version of the registry', async () => {
    const version = await registry.registerFiles('Flavour', onnxFlavour(4));
    const { artifact } = await resolve(`models:/Flavour/${version}`);
    expect(artifact.files.map(({ path }) => path)).toEqual(['model.onnx', 'model.onnx.data']);
    await into(artifact, mlflowSource(server, artifact));
    const artifactFile = join(folder, '..', `${version}-artifact.json`);
    await writeFile(artifactFile, JSON.stringify(artifact));
    const model = await loadModel({
      path: join(folder, 'model.onnx'),
      artifactFile,
      name: undefined,
      cores: 1,
      maxBatchSize: 4,
    });
    expect(model.manifest).toMatchObject({ name: 'Flavour', version });
    expect([...model.source.files.keys()].toSorted()).toEqual(
      artifact.files.map((file) => file.sha256).toSorted(),
    );
    await model.close();
    await rm(artifactFile);
  });

  test('the bytes of a revision come also after the alias has moved, from the server and from S3', async () => {
    await put('moved/', linearBundle({ weight: 9 }));
    const moved = await registry.register('Bank Churn', 's3://models/moved/');
    await registry.promote('Bank Churn', 'moving', '1');
    const { artifact } = await resolve('models:/Bank Churn@moving');
    await registry.promote('Bank Churn', 'moving', moved);
    await into(artifact, mlflowSource(server, artifact));
    expect(sha256(await readFile(join(folder, 'model.onnx')))).toBe(sha256(linearModel(2)));
    const after = await resolve('models:/Bank Churn@moving');
    await into(after.artifact, s3Source(s3, after.artifact));
    expect(sha256(await readFile(join(folder, 'model.onnx')))).toBe(sha256(linearModel(9)));
  });

  test('a connection that breaks is taken up again where it broke, and a server that is away waited for', async () => {
    const version = await registry.registerFiles('Big', linearBundle({ ballastMiB: 6 }));
    const { artifact } = await resolve(`models:/Big/${version}`);
    const proxy = await S3Proxy.start({ host: '127.0.0.1', port: mlflow.port });
    const through = serverOf(secret({ MLFLOW_TRACKING_URI: proxy.endpoint }));
    proxy.setFault({ kind: 'refuse' });
    const away = await refusal(`models:/Big/${version}`, through);
    expect(away).toMatchObject({ reason: 'SourceUnavailable', transient: true });
    expect(away.message).toContain(`at the MLflow server ${new URL(proxy.endpoint).host}`);
    const pulling = into(artifact, mlflowSource(through, artifact));
    await sleep(1000);
    proxy.setFault({ kind: 'cut', bytes: 2_500_000 });
    // With its artifacts in S3 the server knows no ranges: a cut at the same byte each time would never end.
    await vi.waitUntil(() => proxy.cuts > 0, { timeout: 60_000, interval: 20 });
    proxy.setFault({ kind: 'pass' });
    await pulling;
    expect(sha256(await readFile(join(folder, 'model.onnx')))).toBe(sha256(linearModel(2, 6)));
    through.close();
    await proxy.stop();
  });
});
