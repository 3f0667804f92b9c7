import {
  CreateBucketCommand,
  PutObjectCommand,
  S3Client,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { artifactDigest } from '#artifact/index.ts';
import type { Artifact } from '#contract/artifact.ts';
import { sha256 } from '#contract/canonical.ts';
import { startMinio, type Minio } from '#test/cluster/index.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { onnxModel } from '#test/support/onnx.ts';
import type { Figure, Measurement } from '../figure.ts';
import { program } from '../programs.ts';
import { MIB, processMemory } from '../process-memory.ts';

const BYTES = 2_000_000_000;
const BUCKET = 'models';
const PREFIX = 'big/1/';
const LIMIT = { atMost: 150, unit: 'MiB' };

/** A model of 2 GB in external data: preflight and pull in constant memory, and nearly as fast as curl. */
export function bigModel(): readonly Figure[] {
  return [
    { name: 'memory of a preflight of 2 GB', goal: LIMIT, measure: () => withBigModel(preflightMemory) },
    { name: 'memory of a pull of 2 GB', goal: LIMIT, measure: () => withBigModel(pullMemory) },
    {
      name: 'speed of a pull of 2 GB against a ranged download by curl',
      goal: { atLeast: 0.7, unit: '' },
      measure: () => withBigModel(pullSpeed),
    },
  ];
}

interface BigModel {
  readonly folder: string;
  readonly minio: Minio;
  readonly artifact: Artifact;
}

async function withBigModel(measure: (model: BigModel) => Promise<Measurement>): Promise<Measurement> {
  const folder = await mkdtemp(join(tmpdir(), 'windlass-big-'));
  const minio = await startMinio();
  try {
    return await measure({ folder, minio, artifact: await upload(folder, minio) });
  } finally {
    await minio.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function upload(folder: string, minio: Minio): Promise<Artifact> {
  const { writeObject, close } = await writer(minio);
  try {
    const weights = join(folder, 'weights.bin');
    const weightsSha256 = await writeWeights(weights);
    const external = { location: 'weights.bin', offset: '0', length: String(BYTES) };
    const feature = (name: string) => ({ name, type: 'float32' as const, shape: ['N', 1] });
    const model = onnxModel({
      inputs: [feature('x'), feature('y')],
      outputs: [feature('value')],
      initializers: [{ name: 'weights', type: 'float32', dims: [BYTES / 4], external }],
      nodes: [{ op: 'Add', inputs: ['x', 'y'], outputs: ['value'] }],
    });
    const listed = {
      'model.onnx': { sha256: sha256(model), size: model.byteLength },
      'weights.bin': { sha256: weightsSha256, size: BYTES },
    };
    const manifest = linearBundle({ manifest: { files: listed, golden: undefined } }).get('model.json') ?? '';
    await writeObject('weights.bin', createReadStream(weights), BYTES);
    await writeObject('model.onnx', model, model.byteLength);
    await writeObject('model.json', manifest, Buffer.byteLength(manifest));
    await rm(weights);
    const files = [
      { path: 'model.json', sha256: sha256(manifest), size: Buffer.byteLength(manifest) },
      ...Object.entries(listed).map(([path, { sha256: digest, size }]) => ({ path, sha256: digest, size })),
    ];
    const size = files.reduce((sum, file) => sum + file.size, 0);
    return {
      format: 'bundle',
      uri: `s3://${BUCKET}/${PREFIX}`,
      sha256: artifactDigest('bundle', files),
      size,
      files,
    };
  } finally {
    close();
  }
}

async function writer(minio: Minio) {
  const client = new S3Client({
    endpoint: minio.endpoint,
    region: minio.region,
    forcePathStyle: true,
    credentials: { accessKeyId: minio.accessKey, secretAccessKey: minio.secretKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  return {
    close: () => client.destroy(),
    writeObject: (path: string, body: PutObjectCommandInput['Body'], size: number) =>
      client.send(
        new PutObjectCommand({
          Bucket: BUCKET,
          Key: `${PREFIX}${path}`,
          Body: body ?? '',
          ContentLength: size,
        }),
      ),
  };
}

/** 2 GB that do not compress: one random block, each time with another beginning. */
async function writeWeights(path: string): Promise<string> {
  const block = randomBytes(4_000_000);
  const hash = createHash('sha256');
  const file = createWriteStream(path);
  for (let written = 0; written < BYTES; written += block.byteLength) {
    block.writeUInt32LE(written, 0);
    hash.update(block);
    const copy = Buffer.from(block);
    if (!file.write(copy)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
  return hash.digest('hex');
}

async function preflightMemory({ minio }: BigModel): Promise<Measurement> {
  const script = new URL('preflight-child.ts', import.meta.url).pathname;
  const { seconds, peak } = await runNode([script, `s3://${BUCKET}/${PREFIX}`], storeEnvironment(minio));
  return { value: peak / MIB, detail: { seconds } };
}

async function pull(model: BigModel): Promise<{ readonly seconds: number; readonly peak: number }> {
  const artifactFile = join(model.folder, 'artifact.json');
  await writeFile(artifactFile, JSON.stringify(model.artifact));
  const target = join(model.folder, 'target');
  await rm(target, { recursive: true, force: true });
  const config = { formatVersion: 1, artifactFile, target, trialLoad: false };
  const result = await runNode(
    [program('runtime'), 'pull', '--config', JSON.stringify(config)],
    storeEnvironment(model.minio),
  );
  if ((await stat(join(target, 'weights.bin'))).size !== BYTES)
    throw new Error('the pull left no whole file');
  return result;
}

async function pullMemory(model: BigModel): Promise<Measurement> {
  const { seconds, peak } = await pull(model);
  return { value: peak / MIB, detail: { seconds } };
}

/** In turn, so that a machine that changes its speed changes both; the median of three ratios. */
async function pullSpeed(model: BigModel): Promise<Measurement> {
  await curl(model);
  const rounds: { curl: number; pull: number }[] = [];
  for (let round = 0; round < 3; round += 1) {
    rounds.push({ curl: await curl(model), pull: (await pull(model)).seconds });
  }
  const ratios = rounds.map((round) => round.curl / round.pull).toSorted((a, b) => a - b);
  return { value: ratios[1] ?? Number.NaN, detail: { seconds: rounds } };
}

function curl({ folder, minio }: BigModel): Promise<number> {
  const start = performance.now();
  const args = [
    '--silent',
    '--fail',
    '--range',
    `0-${BYTES - 1}`,
    '--aws-sigv4',
    `aws:amz:${minio.region}:s3`,
    '--user',
    `${minio.accessKey}:${minio.secretKey}`,
    '--output',
    join(folder, 'curl.bin'),
    `${minio.endpoint}/${BUCKET}/${PREFIX}weights.bin`,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn('curl', args, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve((performance.now() - start) / 1000);
      else reject(new Error(`curl exited with ${code}`));
    });
  });
}

function storeEnvironment(minio: Minio): NodeJS.ProcessEnv {
  return {
    AWS_ACCESS_KEY_ID: minio.accessKey,
    AWS_SECRET_ACCESS_KEY: minio.secretKey,
    AWS_ENDPOINT_URL: minio.endpoint,
    WINDLASS_ALLOW_LOOPBACK: 'true',
    AWS_REGION: minio.region,
  };
}

/** Runs a program of this project in a process of its own, and returns the most memory that it ever held. */
async function runNode(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly seconds: number; readonly peak: number }> {
  const start = performance.now();
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 2, 2],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  let peak = 0;
  while (child.exitCode === null && child.pid !== undefined) {
    peak = Math.max(
      peak,
      await processMemory(child.pid).then(
        (memory) => memory.peak,
        () => 0,
      ),
    );
    await sleep(20);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`${args.slice(0, 2).join(' ')} exited with ${code}`);
  return { seconds: (performance.now() - start) / 1000, peak };
}
