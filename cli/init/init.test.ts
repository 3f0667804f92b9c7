import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { manifestSchema } from '#contract/model-manifest.ts';
import { modelDeploymentSpecSchema } from '#operator/api/model-deployment.ts';
import { linearBundle, linearModel } from '#test/support/bundle.ts';
import { CliError } from '../exit.ts';
import type { Io } from '../io.ts';
import { metricChecks } from './checks.ts';
import { init } from './command.ts';
import type { InitOptions } from './command.ts';
import { commentedManifest } from './manifest.ts';
import { readModel } from './model.ts';
import { deploymentName } from './name.ts';
import { memoryFor } from './resources.ts';

const MIB = 1024 * 1024;
const manifest = (change: object = {}) =>
  manifestSchema.parse({
    formatVersion: 1,
    name: 'Bank Churn',
    version: '2',
    task: 'binary-classification',
    files: {
      'model.onnx': { sha256: '0'.repeat(64), size: 1 },
      'golden.json': { sha256: '0'.repeat(64), size: 1 },
      'reference.json': { sha256: '0'.repeat(64), size: 1 },
    },
    inputs: [{ name: 'x', type: 'float32', shape: [null, 1] }],
    outputs: [{ name: 'p', type: 'float32', shape: [null, 1] }],
    ...change,
  });
const model = (change: object = {}) => ({
  manifest: manifest(change),
  uri: 's3://models/bankchurn/2/',
  sha256: 'a'.repeat(64),
  size: 10,
  memoryBytes: 300 * MIB,
});
const written = (change: object = {}) =>
  commentedManifest({
    name: 'bank-churn',
    namespace: 'churn',
    uri: 's3://models/bankchurn/2/',
    secret: 'models',
    model: model(change),
  });
const specOf = (text: string) =>
  modelDeploymentSpecSchema.parse((parse(text) as { readonly spec: unknown }).spec);

test('the checks follow what the bundle has: golden, its metrics, reference', () => {
  const full = specOf(
    written({
      golden: 'golden.json',
      reference: 'reference.json',
      metrics: { auc: 0.86, rmse: 7272.4, train_auc: 0.99, uplift: 3 },
    }),
  );
  expect(full.rollout.checks?.map((check) => Object.keys(check)[0])).toEqual([
    'golden',
    'metric',
    'metric',
    'errorRate',
    'latency',
    'agreement',
    'predictionShift',
  ]);
  expect(full.rollout.checks?.slice(1, 3)).toEqual([
    { metric: { name: 'auc', min: 0.825 } },
    { metric: { name: 'rmse', max: 8000 } },
  ]);
  const bare = specOf(written());
  expect(bare.rollout.checks?.map((check) => Object.keys(check)[0])).toEqual([
    'errorRate',
    'latency',
    'agreement',
  ]);
});

test('a metric of unknown direction is a comment, to be decided by a person', () => {
  expect(written({ metrics: { uplift: 3 } })).toContain(
    '# - metric: { name: uplift, min: 3 } # is 3 now; max or min, whichever is worse for it',
  );
});

test('it asks for two pods, memory from the estimate, steps, shadow and a warm revision', () => {
  const spec = specOf(written());
  expect(spec.replicas).toBe(2);
  expect(spec.serving.resources).toEqual({
    requests: { cpu: '250m', memory: '320Mi' },
    limits: { memory: '512Mi' },
  });
  expect(spec.rollout).toMatchObject({
    shadow: { percent: 100, hold: '5m', tolerance: 0.05 },
    steps: [
      { weight: 5, hold: '2m' },
      { weight: 25, hold: '5m' },
      { weight: 50, hold: '5m' },
    ],
    onFailure: 'undo',
    bake: '5m',
  });
  expect(spec.history).toEqual({ limit: 10, warm: 1, warmFor: '1h' });
  expect(spec.model).toEqual({ uri: 's3://models/bankchurn/2/', credentials: { secretName: 'models' } });
});

test('every block has a comment of its own', () => {
  const lines = written().split('\n');
  for (const block of [
    'model:',
    'replicas:',
    'serving:',
    'rollout:',
    'shadow:',
    'steps:',
    'checks:',
    'history:',
  ]) {
    const at = lines.findIndex((line) => line.trim().startsWith(block));
    expect(`${block} ${lines[at - 1]?.trim() ?? ''}`).toMatch(/^\w+: #/);
  }
});

test('whatever a bundle calls itself and its metrics, what is written is valid', () => {
  const text = fc.string({ minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(
      text,
      text,
      fc.dictionary(
        fc.oneof(text, fc.constantFrom('auc', 'rmse', 'a: {b', 'null', 'test_f1')),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        { maxKeys: 6 },
      ),
      (name, version, metrics) => {
        specOf(written({ name, version, metrics }));
      },
    ),
    { numRuns: 300 },
  );
});

describe('a limit is somewhat worse than today’s value, on the side that is worse', () => {
  test.each([
    ['rmse', 100, { kind: 'max', value: 110 }],
    ['val_logloss', 0.3, { kind: 'max', value: 0.33 }],
    ['auc', 0.9, { kind: 'min', value: 0.875 }],
    ['test.accuracy', 0.999, { kind: 'min', value: 0.979 }],
    ['r2', 0.4, { kind: 'min', value: 0.36 }],
    ['r2', -0.5, { kind: 'min', value: -0.55 }],
    ['rows', 1000, undefined],
    ['rmse', 0, { kind: 'max', value: 0 }],
  ])('%s %d', (name, value, limit) => {
    expect(metricChecks(manifest({ metrics: { [name]: value } }))).toEqual([{ name, value, limit }]);
  });
});

describe('memory is asked for in steps that people write', () => {
  test.each([
    [10 * MIB, '256Mi', '512Mi'],
    [300 * MIB, '320Mi', '512Mi'],
    [700 * MIB, '704Mi', '1536Mi'],
    [1000 * MIB, '1Gi', '1536Mi'],
    [3000 * MIB, '3Gi', '4608Mi'],
  ])('%d bytes', (estimate, request, limit) => {
    expect(memoryFor(estimate)).toMatchObject({ request, limit });
  });
});

describe('the name', () => {
  test.each([
    ['Bank Churn', 'bank-churn'],
    ['2nd Model!', 'nd-model'],
    ['X'.repeat(80), 'x'.repeat(52)],
  ])('%s', (from, name) => {
    expect(deploymentName(undefined, from)).toBe(name);
  });
  test('what cannot be one is refused', () => {
    expect(() => deploymentName('Bank', 'x')).toThrow('"Bank" cannot be the name');
    expect(() => deploymentName(undefined, '銀行')).toThrow('no name can be made');
  });
});

describe('the command', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'windlass-init-'));
    for (const [path, content] of linearBundle({ name: 'Linear' })) {
      await mkdir(dirname(join(folder, 'bundle', path)), { recursive: true });
      await writeFile(join(folder, 'bundle', path), content);
    }
    await writeFile(join(folder, 'fraud.onnx'), linearModel());
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function run(from: string, options: InitOptions = {}) {
    let [out, err] = ['', ''];
    const io: Io = {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      stdout: {},
      stdin: process.stdin,
      env: {},
      now: () => new Date(),
      signal: new AbortController().signal,
    };
    const code = await init(join(folder, from), options, io);
    return { code, out, err };
  }

  test('a folder gives a manifest for where it should be pushed to', async () => {
    const { out, err } = await run('bundle');
    expect(specOf(out).model.uri).toBe('s3://models/linear/1/');
    expect(err).toContain(`kubectl windlass push ${join(folder, 'bundle')} s3://models/linear/1/`);
    const named = await run('bundle', { uri: 's3://other/x/', name: 'mine' });
    expect(specOf(named.out).model.uri).toBe('s3://other/x/');
    expect(named.out).toContain('name: mine');
    expect(named.err).toBe('');
  });

  test('a bare graph has no metrics, and checks of its requests', async () => {
    const { out } = await run('fraud.onnx');
    expect(specOf(out).model.uri).toBe('s3://models/fraud/1/fraud.onnx');
    expect(out).not.toContain('metric:');
  });

  test('a file that is there is not overwritten without --force', async () => {
    const output = join(folder, 'md.yaml');
    await run('bundle', { output });
    const first = await readFile(output, 'utf8');
    await expect(run('bundle', { output, name: 'other' })).rejects.toThrow(
      'is there already, and nothing was written',
    );
    expect(await readFile(output, 'utf8')).toBe(first);
    await run('bundle', { output, name: 'other', force: true });
    expect(await readFile(output, 'utf8')).toContain('name: other');
  });

  test('what the operator would refuse is refused here, for the same reason', async () => {
    await writeFile(join(folder, 'bad.onnx'), 'no model');
    await expect(run('bad.onnx')).rejects.toBeInstanceOf(CliError);
    await expect(run('absent')).rejects.toThrow('NotFound');
    await expect(run('bundle', { uri: 'http://x' })).rejects.toThrow('no valid ModelDeployment');
  });
});

test('a registered model is followed by its alias, and asks for the keys of MLflow', () => {
  const registered = { ...model(), manifest: undefined, registry: { name: 'BankChurn', version: '3' } };
  const text = (uri: string) =>
    commentedManifest({
      name: 'bank-churn',
      namespace: undefined,
      uri,
      secret: 'mlflow',
      model: { ...registered, uri },
    });
  const alias = text('models:/BankChurn@champion');
  expect(specOf(alias).model).toEqual({
    uri: 'models:/BankChurn@champion',
    refreshInterval: '1m',
    credentials: { secretName: 'mlflow' },
  });
  expect(alias).toContain('# BankChurn, version 3 in MLflow');
  expect(alias).toContain('MLFLOW_TRACKING_URI');
  const version = text('models:/BankChurn/3');
  expect(specOf(version).model.refreshInterval).toBeUndefined();
  expect(version).not.toContain('refreshInterval');
});

test('a folder that does not exist is said to be missing, and not what its model lacks', async () => {
  const reading = readModel('/no/such/folder', {}, {}, new AbortController().signal);
  await expect(reading).rejects.toThrow('there is no file or folder /no/such/folder');
});
