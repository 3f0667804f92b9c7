import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { goldenSchema } from '#contract/model-manifest.ts';
import { readBundle, trainChurn } from '#test/bed/churn.ts';
import type { TestDeployment } from '#test/bed/model-deployment.ts';
import { describeOnCluster } from './support.ts';

const PLUGIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const run = promisify(execFile);

/** The README's path: train, push, apply, predict, roll out a second version, undo, look at the history. */
describeOnCluster('churn', (space, bed) => {
  let folder = '';
  let churn: TestDeployment;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'windlass-churn-'));
    churn = space().deployment('bankchurn');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function windlass(...args: readonly string[]): Promise<string> {
    const { endpoint, region, accessKey, secretKey } = space().store.connection;
    const { stdout } = await run(process.execPath, [PLUGIN, '--namespace', space().name, ...args], {
      env: {
        ...process.env,
        KUBECONFIG: bed().connection.kubeconfig,
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: accessKey,
        AWS_SECRET_ACCESS_KEY: secretKey,
        WINDLASS_ALLOW_LOOPBACK: 'true',
      },
    });
    return stdout;
  }

  const spec = (uri: string) => ({
    model: { uri },
    replicas: 2,
    serving: {
      resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { cpu: '1', memory: '1Gi' } },
    },
  });

  async function deploy(version: string, flags: readonly string[] = []): Promise<string> {
    const bundle = await trainChurn(folder, version, flags);
    const uri = `s3://models/${space().name}/bankchurn/${version}/`;
    await windlass('push', bundle, uri);
    await churn.apply(spec(uri));
    await windlass('status', 'bankchurn', '--watch', '--timeout', '2m');
    return bundle;
  }

  test('a trained model is pushed, applied and answers its golden requests as its clients know them', async () => {
    const files = await readBundle(await deploy('1'));
    const golden = goldenSchema.parse(JSON.parse(Buffer.from(files.get('golden.json') ?? []).toString()));
    const rows = golden.rows.filter(({ input }) => Object.values(input).every((value) => value !== null));
    expect(rows.length).toBeGreaterThan(0);
    for (const { input, output } of rows) {
      const answer = await churn.predict(input);
      if (answer.status !== 200) continue; // golden rows hold categories that the schema refuses as well
      const probability = output['probabilities']?.[1];
      expect(answer.body).toMatchObject({
        churn_probability: expect.closeTo(Number(probability), 4),
        churn_prediction: Number(probability) >= 0.5 ? 1 : 0,
        risk_level: expect.stringMatching(/^(LOW|MEDIUM|HIGH)$/),
        model_version: '1',
      });
    }
    const batch = await churn.predict({ customers: [rows[0]?.input, rows[0]?.input] }, '/predict_batch');
    expect(batch).toMatchObject({
      status: 200,
      body: { predictions: [{ model_version: '1' }, { model_version: '1' }] },
    });
  });

  test('kubectl windlass predict asks it with an example of its own', async () => {
    expect(await windlass('predict', 'bankchurn')).toMatch(/churn_probability/);
  });

  test('a bad request is told every field, as the API always told it, and is never a 500', async () => {
    const answer = await churn.predict({ CreditScore: 'high', Geography: 'Atlantis', Age: 17 });
    expect(answer.status).toBe(422);
    const text = JSON.stringify((answer.body as { detail: unknown }).detail);
    for (const field of ['CreditScore', 'Geography', 'Age', 'Gender', 'Balance'])
      expect(text).toContain(field);
  });

  test('a second version is rolled out, compared, undone, and the history tells it', async () => {
    await deploy('2', ['--seed', '8', '--no-gate']);
    expect((await churn.get()).status).toMatchObject({ modelVersion: '2', revision: 2 });
    expect(await windlass('diff', 'bankchurn', '1', '2')).toMatch(/f1/);
    await windlass('undo', 'bankchurn', '--reason', 'a test of undo');
    expect((await churn.get()).status).toMatchObject({ modelVersion: '1', revision: 3 });
    expect((await churn.condition('Ready'))?.reason).toBe('RolledBack');
    const history = await windlass('history', 'bankchurn');
    expect(history).toMatch(/Stable/);
    expect(history).toMatch(/Warm/);
    expect(history).toMatch(/a test of undo/);
  });

  test('the autoscaler reads real metrics and owns the replicas', async () => {
    const { model } = (await churn.get()).spec;
    await churn.apply({
      ...spec(model.uri),
      autoscaling: { minReplicas: 3, maxReplicas: 4, targetCPUUtilizationPercentage: 70 },
    });
    await churn.until('scaled to its minimum', ({ status }) => status?.readyReplicas === 3, 120_000);
    const end = performance.now() + 120_000;
    for (;;) {
      const current = await space().kubectl(
        'get',
        'hpa',
        'bankchurn',
        '--output=jsonpath={.status.currentMetrics[0].resource.current.averageUtilization}',
      );
      if (current !== '') break;
      if (performance.now() > end) throw new Error('the autoscaler read no metrics within 120 s');
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  });
});
