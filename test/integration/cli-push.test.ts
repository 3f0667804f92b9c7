import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMinio, type Minio } from '#test/cluster/minio.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { runPlugin } from '#test/support/plugin.ts';

describe('push to a real S3 server', () => {
  const uri = 's3://models/linear/1/';
  let minio: Minio;
  let folder: string;
  let bundle: string;
  let env: NodeJS.ProcessEnv;
  let client: S3Client;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'windlass-push-'));
    minio = await startMinio();
    bundle = join(folder, 'bundle');
    // Large enough for an upload in parts.
    for (const [path, content] of linearBundle({ ballastMiB: 40 })) {
      await mkdir(dirname(join(bundle, path)), { recursive: true });
      await writeFile(join(bundle, path), content);
    }
    env = {
      AWS_ACCESS_KEY_ID: minio.accessKey,
      AWS_SECRET_ACCESS_KEY: minio.secretKey,
      AWS_ENDPOINT_URL: minio.endpoint,
    };
    client = new S3Client({
      endpoint: minio.endpoint,
      region: minio.region,
      forcePathStyle: true,
      credentials: { accessKeyId: minio.accessKey, secretAccessKey: minio.secretKey },
    });
  });
  afterAll(async () => {
    client?.destroy();
    await minio?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('says which bucket is missing', async () => {
    const { code, err } = await runPlugin(['push', bundle, uri], { env });
    expect(err).toContain('NoSuchBucket');
    expect(err).toContain('create the bucket first');
    expect(code).toBe(1);
  });

  it('says that there is nothing to make a manifest of', async () => {
    const { code, err } = await runPlugin(['init', uri], { env });
    expect(err).toContain('error: NotFound');
    expect(err).toContain('check the address, the keys');
    expect(code).toBe(1);
  });

  it('uploads every file with its bytes, and a second push changes nothing', async () => {
    await client.send(new CreateBucketCommand({ Bucket: 'models' }));
    const { code, out, err } = await runPlugin(['push', bundle, uri], { env });
    expect(err).toContain('all digests verified');
    expect(out).toContain('s3://models/linear/1/: 3 files uploaded');
    expect(code).toBe(0);
    for (const [path, content] of linearBundle({ ballastMiB: 40 })) {
      const object = await client.send(new GetObjectCommand({ Bucket: 'models', Key: `linear/1/${path}` }));
      expect(Buffer.compare((await object.Body?.transformToByteArray()) ?? Buffer.alloc(0), content)).toBe(0);
    }
    expect((await runPlugin(['push', bundle, uri], { env })).out).toContain('nothing to upload');
  });

  it('gives a manifest for what was pushed, read from the store', async () => {
    const { code, out, err } = await runPlugin(['init', uri], { env });
    expect(err).toBe('');
    expect(out).toContain(`    uri: ${uri}\n`);
    // 40 MiB of weights in the file are held twice while it loads, beside the server.
    expect(out).toContain('estimated to take 177 MiB');
    expect(code).toBe(0);
  });

  it('refuses to change a bundle in place unless forced', async () => {
    const other = join(folder, 'other');
    await mkdir(other);
    for (const [path, content] of linearBundle({ weight: 3 })) await writeFile(join(other, path), content);
    const { code, err } = await runPlugin(['push', other, uri], { env });
    expect(err).toContain('already holds another bundle');
    expect(code).toBe(1);
    expect((await runPlugin(['push', other, uri, '--force'], { env })).code).toBe(0);
  });

  it('says which keys are wrong', async () => {
    const { code, err } = await runPlugin(['push', bundle, uri], {
      env: { ...env, AWS_SECRET_ACCESS_KEY: 'wrong' },
    });
    expect(err).toContain('check AWS_SECRET_ACCESS_KEY');
    expect(code).toBe(1);
  });
});
