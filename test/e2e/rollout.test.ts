import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ANNOTATION } from '#contract/names.ts';
import type { ModelRollback } from '#operator/api/objects.ts';
import type { SpecInput, TestDeployment } from '#test/bed/model-deployment.ts';
import { faultyEnvironment, type Fault } from '#test/faulty/index.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { Load } from '#test/support/load.ts';
import { describeOnCluster } from './support.ts';

const RATE = 200;
const BODY = { x: 3, y: 1 };
type Rollout = NonNullable<SpecInput['rollout']>;

/** Holds and windows of seconds, so that a test ends; what they are does not matter to the decisions. */
const QUICK: Rollout = {
  steps: [
    { weight: 10, hold: '8s' },
    { weight: 50, hold: '8s' },
  ],
  checks: [{ errorRate: { max: 0.02, minSamples: 20, window: '6s' } }],
};

describeOnCluster('rollout', (space) => {
  const uris: string[] = [];
  let served: TestDeployment;
  let load: Load;

  beforeAll(async () => {
    for (const version of ['1', '2']) {
      const files = linearBundle({ version, weight: Number(version) });
      uris.push(await space().store.putBundle(`${space().name}/${version}/`, files));
    }
  });

  let turn = 0;
  beforeEach(async () => {
    turn += 1;
    served = space().deployment(`served-${turn}`);
    await served.apply({ model: { uri: uris[0] ?? '' }, replicas: 2, rollout: QUICK });
    await served.ready();
    await served.answer(BODY);
    load = new Load({
      url: await served.url('/predict'),
      body: JSON.stringify(BODY),
      ratePerSecond: RATE,
      connections: 'keptAlive',
    });
    await sleep(1000);
  });
  afterEach(async () => {
    await load.stop();
    await space().kubectl('delete', 'modeldeployment', served.name, '--wait=false');
  });

  async function offer(rollout: Rollout, serving: SpecInput['serving'] = {}): Promise<void> {
    await served.apply({ model: { uri: uris[1] ?? '' }, replicas: 2, rollout, serving });
  }
  const annotate = (name: string, value: string) =>
    space().kubectl('annotate', '--overwrite', 'modeldeployment', served.name, `${name}=${value}`);
  const atStep = (step: number) =>
    served.until(
      `at step ${step}`,
      ({ status }) => status?.rollout?.step === step && status.rollout.phase === 'Step',
    );

  test('a candidate gets its shares and becomes stable, and no request fails', async () => {
    await offer(QUICK);
    const first = await atStep(1);
    expect(first.status?.rollout).toMatchObject({ weight: 10, steps: 2, podsWanted: 1 });
    await atStep(2);
    const { status } = await served.until('promoted', (md) => md.status?.modelVersion === '2');
    expect(status?.rollout).toBeUndefined();
    await sleep(1000);
    const report = await load.stop();
    expect(report.failures).toEqual([]);
    const shares = [...report.revisions.values()].map(({ count }) => count / report.sent);
    expect(Math.min(...shares)).toBeGreaterThan(0.05);
  });

  test.each(['status500', 'hang', 'crash'] satisfies readonly Fault[])(
    'a candidate with the fault %s is undone, and no request fails',
    async (fault) => {
      const slowly = { ...QUICK, steps: [{ weight: 10, hold: '2m' }] };
      await offer(slowly, { pod: { env: await faultyEnvironment(fault) } });
      const message = await served.notReady('RolledBack', 90_000);
      expect(message).toMatch(/Windlass undid it: (CheckFailed|CrashLoop|OutOfMemory)/);
      expect((await served.condition('Available'))?.status).toBe('True');
      const [undo] = await space().list<ModelRollback>('modelrollbacks');
      expect(undo?.spec).toMatchObject({ modelDeployment: served.name, requestedBy: 'windlass' });
      expect(undo?.status?.state).toBe('Active');
      const states = (await served.revisions()).map(({ status }) => status?.state);
      expect(new Set(states)).toEqual(new Set(['Rejected', 'Stable']));
      const report = await load.stop();
      expect(report.failures).toEqual([]);
      await space().kubectl('delete', 'modelrollback', undo?.metadata.name ?? '');
      await served.notReady('CheckFailed', 20_000).catch(() => served.notReady('CrashLoop', 5_000));
    },
  );

  describe('a person', () => {
    test('holds it, lets it go on and aborts it by annotations and a ModelRollback', async () => {
      await offer({ ...QUICK, shadow: { hold: '1h' } });
      const shadowing = await served.until('in shadow', ({ status }) => status?.rollout?.phase === 'Shadow');
      const number = shadowing.status?.candidateNumber ?? 0;
      await served.until('compared', ({ status }) => (status?.rollout?.shadow?.compared ?? 0) > 50);
      await annotate(ANNOTATION.paused, String(number));
      await served.notReady('Paused');
      await annotate(ANNOTATION.promote, `${number}/0`);
      await served.until('past the shadow', ({ status }) => status?.rollout?.step === 1);
      const { status } = await served.get();
      await served.undo({ toRevision: status?.stableRevision ?? '', reason: 'a test' });
      await served.notReady('RolledBack');
      const states = (await served.revisions()).map((revision) => revision.status?.state);
      expect(new Set(states)).toEqual(new Set(['Stable', 'Superseded']));
      expect((await load.stop()).failures).toEqual([]);
    });
  });
});
