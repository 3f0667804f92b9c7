import { afterEach, beforeEach, expect, test } from 'vitest';
import { MlflowServerPool, ResolutionCache, S3StorePool } from '#artifact/index.ts';
import { TestMlflow } from '#artifact/mlflow/test-server.ts';
import { TestS3 } from '#artifact/s3/test-server.ts';
import { FailureError } from '#contract/failure.ts';
import { KubeError, type Kube } from '#operator/kube/index.ts';
import { spec } from '#operator/model-deployment/testing/fixtures.ts';
import { MemoryCluster } from '#operator/model-deployment/testing/memory-cluster.ts';
import { mlmodelFile } from '#test/mlflow/registry.ts';
import { linearBundle, linearModel } from '#test/support/bundle.ts';
import { readWithSecret } from './read.ts';
import type { SourceRequest } from './state.ts';

const { signal } = new AbortController();
const addresses = { allowLoopback: true } as const;
let registry: TestMlflow;
let store: TestS3;
let secret: Record<string, string>;

beforeEach(async () => {
  registry = await TestMlflow.start();
  store = await TestS3.start();
  secret = { MLFLOW_TRACKING_URI: registry.url, MLFLOW_TRACKING_TOKEN: 'of-the-team' };
});
afterEach(async () => {
  await registry.stop();
  await store.stop();
});

const get: Kube['get'] = async (type) => {
  if (type.kind !== 'Secret') throw new KubeError('notFound', 'no such object');
  const data = Object.entries(secret).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { metadata: { name: 'mlflow' }, data: Object.fromEntries(data) as object } as never;
};
const read = (marker?: string, uri = 'models:/linear@champion') =>
  readWithSecret(
    { namespace: 'models', model: { ...spec().model, uri } } as SourceRequest,
    'mlflow',
    marker,
    {
      kube: { ...new MemoryCluster(Date.now).kube, get },
      stores: new S3StorePool({ addresses }),
      mlflow: new MlflowServerPool({ addresses }),
      cache: new ResolutionCache(),
    },
    signal,
  );
async function source() {
  const reading = await read();
  if (reading.is !== 'resolved') throw new Error('nothing was resolved');
  return reading.source;
}
async function refusal(): Promise<FailureError> {
  const error: unknown = await read().catch((cause: unknown) => cause);
  if (!(error instanceof FailureError)) throw new Error('it was not refused');
  return error;
}

test('a bundle behind the server needs no keys of S3, and is looked at again only when the alias moves', async () => {
  registry.register('mlflow-artifacts:/1/model');
  for (const [path, content] of linearBundle()) registry.files.set(`1/model/${path}`, Buffer.from(content));
  const { artifact, model, marker } = await source();
  expect(artifact).toMatchObject({
    uri: 'mlflow-artifacts:/1/model/',
    registry: { name: 'linear', version: '3' },
  });
  expect(model).toMatchObject({ name: 'linear', version: '1', task: 'regression' });
  expect(new Set(registry.requests.map(({ headers }) => headers.authorization))).toEqual(
    new Set(['Bearer of-the-team']),
  );
  expect(await read(marker)).toEqual({ is: 'unchanged' });
  registry.register('mlflow-artifacts:/1/model', { version: '4' });
  registry.answers.set('mlflow/model-versions/get-download-uri?name=linear&version=4', {
    artifact_uri: 'mlflow-artifacts:/1/model',
  });
  expect(await read(marker)).toMatchObject({
    is: 'resolved',
    source: { artifact: { registry: { version: '4' } } },
  });
});

test('an ONNX flavour has the name and the version of the registry, and its graph for a schema', async () => {
  registry.register('mlflow-artifacts:/1/model');
  registry.files.set('1/model/MLmodel', Buffer.from(mlmodelFile({ onnx: { data: 'model.onnx' } })));
  registry.files.set('1/model/model.onnx', Buffer.from(linearModel()));
  registry.files.set('1/model/python_model.pkl', Buffer.from('not read'));
  const { artifact, model } = await source();
  expect(artifact).toMatchObject({ format: 'onnx', graph: 'model.onnx' });
  expect(artifact.files.map(({ path }) => path)).toEqual(['model.onnx']);
  expect(model).toMatchObject({ name: 'linear', version: '3', inputs: [{ name: 'x' }, { name: 'y' }] });
  expect(registry.requests.some(({ url }) => url.includes('pkl'))).toBe(false);
});

test('a version in S3 asks for the keys of S3, and is read with them', async () => {
  registry.register('s3://models/linear');
  for (const [path, content] of linearBundle()) store.put(`models/linear/${path}`, content, 'v1');
  expect(await refusal()).toMatchObject({
    reason: 'AccessDenied',
    message: expect.stringMatching(
      /^models:\/linear@champion lies at s3:\/\/models\/linear\/.*Secret models\/mlflow holds no AWS_ACCESS_KEY_ID/,
    ),
  });
  secret = {
    ...secret,
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_ENDPOINT_URL: store.endpoint,
  };
  const { artifact } = await source();
  expect(artifact.uri).toBe('s3://models/linear/');
  expect(new Set(artifact.files.map(({ versionId }) => versionId))).toEqual(new Set(['v1']));
});

test('a Secret that names no server is told', async () => {
  secret = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  expect((await refusal()).message).toContain('There is no MLFLOW_TRACKING_URI in Secret models/mlflow');
});
