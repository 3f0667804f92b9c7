import { S3Client, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMinio, type Minio } from '#test/cluster/minio.ts';
import { type Mlflow, startMlflow } from '#test/mlflow/index.ts';

let minio: Minio;
beforeAll(async () => {
  minio = await startMinio();
});
afterAll(() => minio.stop());

describe('a real MLflow server with accounts and proxied artifacts', () => {
  let mlflow: Mlflow;
  let authorization: string;

  beforeAll(async () => {
    mlflow = await startMlflow({ s3: minio, auth: true, hosts: ['mlflow.store.svc'] });
    const { username, password } = mlflow.account ?? { username: '', password: '' };
    authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  });
  afterAll(() => mlflow.stop());

  const call = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${mlflow.url}${path}`, {
      ...init,
      headers: { authorization, 'content-type': 'application/json' },
    });

  it('asks for a name and a password', async () => {
    const search = `${mlflow.url}/api/2.0/mlflow/experiments/search?max_results=1`;
    expect((await fetch(search)).status).toBe(401);
    expect((await fetch(search, { headers: { authorization } })).status).toBe(200);
  });

  it('keeps artifacts in the bucket, and gives them back', async () => {
    const path = '/api/2.0/mlflow-artifacts/artifacts/1/models/a/model.json';
    expect((await call(path, { method: 'PUT', body: '{}' })).status).toBe(200);
    expect(await (await call(path)).text()).toBe('{}');
    const { endpoint, region, accessKey, secretKey } = minio;
    const client = new S3Client({
      endpoint,
      region,
      forcePathStyle: true,
      credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    });
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: mlflow.bucket }));
    client.destroy();
    expect(Contents.map(({ Key }) => Key)).toEqual(['1/models/a/model.json']);
  });

  it('is down after kill, and keeps what it knew when it starts again', async () => {
    const create = '/api/2.0/mlflow/registered-models/create';
    const body = JSON.stringify({ name: 'BankChurn' });
    expect((await call(create, { method: 'POST', body })).status).toBe(200);
    await mlflow.kill();
    await expect(call('/health')).rejects.toThrow('fetch failed');
    await mlflow.start();
    const found = await call('/api/2.0/mlflow/registered-models/get?name=BankChurn');
    expect(await found.json()).toMatchObject({ registered_model: { name: 'BankChurn' } });
  });
});
