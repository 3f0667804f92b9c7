import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import type { Reference } from '#contract/model-manifest.ts';
import type { Job } from '#operator/kube/index.ts';
import { withReference } from '#runtime/drift/testing.ts';
import type { TestDeployment } from '#test/bed/model-deployment.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { pushing, trained } from './retrain-by-script.ts';
import { describeOnCluster } from './support.ts';

/** Trained on x from 0 to 10 above `from`, each tenth of it as often. */
function reference(from: number): Reference {
  const edges = Array.from({ length: 11 }, (_, i) => from + i);
  const counts = Array.from({ length: 10 }, () => 400);
  const x = { kind: 'numeric' as const, edges, counts, under: 0, over: 0, missing: 0 };
  return { formatVersion: 1, rows: 4000, features: { x } };
}

const bundle = (version: string, from: number) =>
  withReference(linearBundle({ version, weight: Number(version) }), reference(from));

describeOnCluster('drift', (space, bed) => {
  let served: TestDeployment;
  let failed = 0;

  beforeAll(async () => {
    const uri = await space().store.putBundle(`${space().name}/followed/`, bundle('1', 0));
    await space().apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'trained', namespace: space().name },
      data: trained(bundle('2', 50)),
    });
    served = space().deployment('linear');
    await served.apply({
      model: { uri, refreshInterval: '2s' },
      replicas: 2,
      rollout: { steps: [{ weight: 50, hold: '3s' }], bake: '1s' },
      drift: { window: '1m', minSamples: 200 },
      retraining: { onDrift: { cooldown: '1h' }, job: pushing(bed().connection.runtimeImage, 'trained') },
    });
    await served.ready();
    await served.answer({ x: 3, y: 1 });
  });

  /** Rows spread evenly over ten units above `from`, for as long as it takes. */
  async function send(from: number, isOver: () => Promise<boolean>, withinMs: number): Promise<void> {
    const url = await served.url('/predict');
    const end = performance.now() + withinMs;
    for (let round = 0; !(await isOver()); round++) {
      if (performance.now() > end) throw new Error(JSON.stringify((await served.get()).status));
      const rows = Array.from({ length: 40 }, (_, i) => ({ x: from + (((i + round) * 0.37) % 10), y: 1 }));
      const answers = await Promise.all(
        rows.map(async (row) => served.predictAt(url, row).catch(() => ({ status: 0 }))),
      );
      failed += answers.filter(({ status }) => status !== 200).length;
      await sleep(100);
    }
  }
  const drifted = async (): Promise<string | undefined> => (await served.condition('Drifted'))?.status;

  test('traffic that moved is found in all pods together, a Job trains for it once, and its model is promoted', async () => {
    await send(0, async () => (await drifted()) === 'False', 60_000);
    expect((await space().list<Job>('jobs')).length).toBe(0);

    await send(50, async () => (await drifted()) === 'True', 60_000);
    const { status } = await served.get();
    expect(status?.drift?.features[0]).toMatchObject({ name: 'x' });
    expect(status?.drift?.features[0]?.psi).toBeGreaterThan(0.2);

    await send(50, async () => (await served.get()).status?.modelVersion === '2', 90_000);
    const after = await served.get();
    expect(after.status?.retraining).toMatchObject({
      reason: 'drift',
      lastResult: 'Succeeded',
      message: 'trained for drift of x at 1',
    });
    expect((await space().list<Job>('jobs')).length).toBe(1);
    await send(50, async () => (await drifted()) === 'False', 60_000);
    expect(failed).toBe(0);
    const reasons = await space().kubectl('get', 'events', '-o', 'jsonpath={.items[*].reason}');
    for (const reason of ['DriftDetected', 'RetrainingStarted', 'RetrainingSucceeded', 'DriftEnded']) {
      expect(reasons).toContain(reason);
    }
  }, 280_000);
});
