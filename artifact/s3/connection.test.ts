import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectionFromEnvironment, connectionFromFolder, connectionFromSecret } from './connection.ts';

const encoded = (data: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';

test('plain AWS keys, with the newline that echo leaves', () => {
  const data = encoded({
    ...keys,
    AWS_SECRET_ACCESS_KEY: 'secret\n',
    AWS_SESSION_TOKEN: 'token',
    AWS_ENDPOINT_URL: 'http://minio:9000/',
    AWS_DEFAULT_REGION: 'eu-central-1',
    'ca.crt': pem,
  });
  expect(connectionFromSecret({ data })).toEqual({
    connection: { endpoint: 'http://minio:9000', region: 'eu-central-1', ca: pem },
    credentials: { ...credentials, sessionToken: 'token' },
  });
});

test("S3's own endpoint and region variables come before the general ones", () => {
  const data = encoded({
    AWS_ENDPOINT_URL: 'http://a',
    AWS_ENDPOINT_URL_S3: 'http://b',
    AWS_REGION: 'r1',
    AWS_DEFAULT_REGION: 'r2',
  });
  expect(connectionFromSecret({ data })).toEqual({ connection: { endpoint: 'http://b', region: 'r1' } });
});

const kserve = (values: Readonly<Record<string, string>>, group = 'serving.kserve.io') =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${group}/${name}`, value]));

test.each([
  [{ 's3-endpoint': 'minio.kubeflow:9000', 's3-usehttps': '0' }, { endpoint: 'http://minio.kubeflow:9000' }],
  [
    { 's3-endpoint': 's3.amazonaws.com', 's3-usehttps': '1', 's3-region': 'us-east-2' },
    { endpoint: 'https://s3.amazonaws.com', region: 'us-east-2' },
  ],
  [{ 's3-endpoint': 'minio', 's3-verifyssl': '0' }, { endpoint: 'https://minio' }],
  [{ 's3-endpoint': 'http://minio:9000' }, { endpoint: 'http://minio:9000' }],
  [{ 's3-usevirtualbucket': '1' }, { pathStyle: false }],
  [{ 's3-usevirtualbucket': '0' }, { pathStyle: true }],
])("KServe's annotations %o", (annotations, connection) => {
  const secret = {
    data: encoded({ awsAccessKeyID: 'id', awsSecretAccessKey: 'secret' }),
    annotations: kserve(annotations),
  };
  expect(connectionFromSecret(secret)).toEqual({ connection, credentials });
});

test("KServe's annotations under their old group, and anonymous reading", () => {
  const annotations = kserve(
    { 's3-endpoint': 'minio', 's3-useanoncredential': 'true' },
    'serving.kubeflow.org',
  );
  expect(connectionFromSecret({ data: encoded(keys), annotations })).toEqual({
    connection: { endpoint: 'https://minio', anonymous: true },
  });
});

test.each([
  [{ AWS_ACCESS_KEY_ID: 'id' }, /no AWS_SECRET_ACCESS_KEY/],
  [{ AWS_SECRET_ACCESS_KEY: 'id' }, /no AWS_ACCESS_KEY_ID/],
  [{ AWS_ENDPOINT_URL: 'minio:9000' }, /"minio:9000" is not a URL/],
  [{ AWS_ENDPOINT_URL: 'file:///etc' }, /not a URL/],
  [{ AWS_ENDPOINT_URL: 'http://user:hidden@minio' }, /no user, password/],
  [{ AWS_REGION: 'x.evil.example/' }, /not a region's name/],
  [{ 'ca.crt': 'nothing' }, /no PEM certificate/],
])('the Secret %o is refused', (data, expected) => {
  expect(() => connectionFromSecret({ data: encoded(data) })).toThrow(expected);
  expect(() => connectionFromSecret({ data: encoded(data) })).not.toThrow('hidden');
});

test('a mounted Secret says the same as the Secret, over what its annotations said', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'windlass-secret-'));
  await Promise.all(
    Object.entries({ ...keys, AWS_REGION: 'r1' }).map(([name, value]) =>
      writeFile(join(folder, name), value),
    ),
  );
  await expect(connectionFromFolder(folder, { endpoint: 'http://minio', region: 'r0' })).resolves.toEqual({
    connection: { endpoint: 'http://minio', region: 'r1' },
    credentials,
  });
  await rm(folder, { recursive: true });
  await expect(connectionFromFolder(folder)).resolves.toEqual({ connection: {} });
});

test('the environment names an endpoint and a region, and its keys are left to the SDK', () => {
  expect(connectionFromEnvironment({ ...keys, AWS_ENDPOINT_URL: 'http://minio', AWS_REGION: 'r1' })).toEqual({
    connection: { endpoint: 'http://minio', region: 'r1' },
  });
});

test('a message names the Secret where its name is known', () => {
  const data = encoded({ AWS_ACCESS_KEY_ID: 'id' });
  expect(() => connectionFromSecret({ name: 'shop/models', data })).toThrow(
    'There is AWS_ACCESS_KEY_ID but no AWS_SECRET_ACCESS_KEY in Secret shop/models.',
  );
});
