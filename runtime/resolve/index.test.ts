import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseResolveLog } from '#artifact/index.ts';
import { TestMlflow } from '#artifact/mlflow/test-server.ts';
import { TestS3 } from '#artifact/s3/test-server.ts';
import { parseTerminationMessage } from '#contract/failure.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { runResolve } from './index.ts';

let server: TestS3;
let folder: string;
const lines: string[] = [];

beforeEach(async () => {
  lines.length = 0;
  server = await TestS3.start();
  folder = await mkdtemp(join(tmpdir(), 'windlass-resolve-'));
  await writeFile(join(folder, 'termination-log'), '');
  // The SDK's default chain: here from the environment, as IRSA and pod identity are in a cluster.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'pod', AWS_SECRET_ACCESS_KEY: 'identity' });
});
afterEach(async () => {
  delete process.env['AWS_ACCESS_KEY_ID'];
  delete process.env['AWS_SECRET_ACCESS_KEY'];
  await server.stop();
  await rm(folder, { recursive: true });
});

function run(uri: string, more: Readonly<Record<string, string>> = {}): Promise<number> {
  return runResolve(
    { formatVersion: 1, uri },
    {
      environment: { AWS_ENDPOINT_URL: server.endpoint, WINDLASS_ALLOW_LOOPBACK: 'true', ...more },
      print: async (line) => void lines.push(line),
      terminationFile: join(folder, 'termination-log'),
    },
  );
}

test("prints one line, from which the operator reads the resolution, read as the pod's own identity", async () => {
  for (const [path, content] of linearBundle()) server.put(`models/l/${path}`, content);
  let authorization = '';
  server.fault = (request) => {
    authorization = request.headers.authorization ?? '';
    return false;
  };
  expect(await run('s3://models/l/')).toBe(0);
  expect(lines).toHaveLength(1);
  const outcome = parseResolveLog(`some warning of Node\n${lines[0]}\n`);
  expect(outcome).toMatchObject({
    kind: 'resolved',
    resolution: { manifest: { name: 'linear' }, artifact: { uri: 's3://models/l/' } },
  });
  expect(authorization).toContain('Credential=pod/');
});

test('a failure is the line, the termination message and the exit code', async () => {
  expect(await run('s3://models/nothing/')).toBe(1);
  const outcome = parseResolveLog(lines.join('\n'));
  expect(outcome).toMatchObject({ kind: 'failed', failure: { reason: 'NotFound' } });
  const message = parseTerminationMessage(await readFile(join(folder, 'termination-log'), 'utf8'));
  expect(outcome).toHaveProperty('failure', message);
});

test('a log that says neither is undefined', () => {
  expect(parseResolveLog('Error: something else\n    at main')).toBeUndefined();
});

test('a registered model is read from the server that the environment names, and its lack is told', async () => {
  const mlflow = await TestMlflow.start();
  mlflow.register('mlflow-artifacts:/1/model');
  for (const [path, content] of linearBundle()) mlflow.files.set(`1/model/${path}`, Buffer.from(content));
  expect(await run('models:/linear/3', { MLFLOW_TRACKING_URI: mlflow.url })).toBe(0);
  expect(parseResolveLog(lines.join('\n'))).toMatchObject({
    kind: 'resolved',
    resolution: { artifact: { uri: 'mlflow-artifacts:/1/model/', registry: { version: '3' } } },
  });
  await mlflow.stop();
  expect(await run('models:/linear/3')).toBe(1);
  expect(parseResolveLog(lines.join('\n'))).toMatchObject({
    kind: 'failed',
    failure: {
      reason: 'AccessDenied',
      message: expect.stringContaining('There is no MLFLOW_TRACKING_URI in spec.serving.pod.env'),
    },
  });
});
