import { beforeEach, expect, test } from 'vitest';
import { findCondition } from '#operator/api/conditions.ts';
import type { SourceState } from '#operator/source/index.ts';
import { CONDITION_TABLE } from './status.ts';
import type { Situation } from './situation.ts';
import { resolvedSource, rollback } from './testing/fixtures.ts';
import { underLoad } from './testing/readings.ts';
import { MINUTE, RolloutScene, STEPS } from './testing/rollout-scene.ts';
import { World } from './testing/world.ts';

/** kstatus' rules for a resource with these conditions (cli-utils' generic status). */
function kstatus(conditions: Readonly<Record<string, boolean>>): string {
  if (conditions['Stalled'] === true) return 'Failed';
  if (conditions['Reconciling'] === true || conditions['Ready'] !== true) return 'InProgress';
  return 'Current';
}

test.each(Object.entries(CONDITION_TABLE))(
  '%s means to kstatus and to Argo CD what the table says',
  (_, row) => {
    expect(row.stalled && row.reconciling).toBe(false);
    expect(kstatus({ Ready: row.ready === 'True', Reconciling: row.reconciling, Stalled: row.stalled })).toBe(
      row.kstatus,
    );
    const argo = { Current: 'Healthy', InProgress: 'Progressing', Failed: 'Degraded' }[row.kstatus];
    // kstatus has no word for what waits for a person.
    expect(row.argo === 'Suspended' ? 'Progressing' : row.argo).toBe(argo);
  },
);

let world: World;
beforeEach(() => {
  world = new World();
});

const failed = (transient: boolean): SourceState => ({
  state: 'failed',
  failure: {
    reason: transient ? 'SourceUnavailable' : 'NotFound',
    message: 's3://models/churn/1/ is not there',
    transient,
  },
  at: world.now,
});

async function serve(content: string): Promise<void> {
  world.setSource({ state: 'resolved', source: resolvedSource(content), at: world.now });
  await world.reconcile();
  world.now += 2_000;
  world.runPods({ ready: true });
  await world.reconcile();
  await world.routed();
}

const SITUATIONS: readonly (readonly [
  Situation['is'],
  () => Promise<void>,
  string,
  'True' | 'False',
  string,
])[] = [
  [
    'resolving',
    async () => world.setSource({ state: 'pending', since: world.now - 10_000 }),
    'Resolving',
    'False',
    's3://models/churn/1/',
  ],
  ['sourceFailed', async () => world.setSource(failed(false)), 'NotFound', 'False', 'is not there'],
  [
    'sourceUnavailable',
    async () => world.setSource(failed(true)),
    'SourceUnavailable',
    'False',
    'is not there',
  ],
  [
    'starting',
    async () => world.setSource({ state: 'resolved', source: resolvedSource('1'), at: world.now }),
    'Starting',
    'False',
    '0 of 1 pods are ready',
  ],
  [
    'routing',
    async () => {
      world.setSource({ state: 'resolved', source: resolvedSource('1'), at: world.now });
      await world.reconcile();
      world.runPods({ ready: true });
    },
    'Routing',
    'False',
    '1 of 1 pods ready; it serves in a few seconds',
  ],
  ['serving', async () => serve('1'), 'Serving', 'True', '1 of 1 pods are ready'],
  [
    'scaling',
    async () => {
      await serve('1');
      world.changeSpec({ replicas: 3 });
    },
    'Scaling',
    'True',
    '1 of 3 pods are ready',
  ],
  [
    'unavailable',
    async () => {
      await serve('1');
      world.setPods(world.selected ?? '', { main: { lastState: { terminated: { exitCode: 1 } } } });
    },
    'CrashLoop',
    'False',
    'ended with exit code 1',
  ],
  ['scaledToZero', async () => world.changeSpec({ replicas: 0 }), 'ScaledToZero', 'False', 'Scale it up'],
  [
    'rolledBack',
    async () => {
      await serve('1');
      world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
      await serve('2');
      world.cluster.put(rollback('undo'));
    },
    'RolledBack',
    'True',
    'ModelRollback undo holds revision',
  ],
  [
    'obstructed',
    async () => {
      world.cluster.put({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'churn', uid: 'theirs' } });
      await serve('1');
    },
    'ForeignObject',
    'False',
    'Service models/churn exists and is not this ModelDeployment',
  ],
];

test.each(SITUATIONS)(
  '%s is told by Ready’s one reason, with Available beside it',
  async (is, reach, reason, available, text) => {
    await reach();
    if (is === 'scaledToZero') await serve('1');
    await world.reconcile();
    const { conditions } = world.plan().status;
    const row = CONDITION_TABLE[is];
    const ready = findCondition(conditions, 'Ready');
    expect(ready).toMatchObject({ status: row.ready, reason });
    expect(ready?.message).toContain(text);
    expect(findCondition(conditions, 'Available')?.status).toBe(available);
    expect(findCondition(conditions, 'Reconciling')?.status).toBe(row.reconciling ? 'True' : 'False');
    expect(findCondition(conditions, 'Stalled')?.status).toBe(row.stalled ? 'True' : 'False');
    for (const condition of conditions ?? [])
      expect(condition.observedGeneration).toBe(world.modelDeployment.metadata.generation);
  },
);

test('a spec whose source fails turns Ready, never what serves', async () => {
  await serve('1');
  const stable = world.selected;
  world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
  world.setSource(failed(false));
  await world.reconcile();
  const { conditions, stableRevision } = world.modelDeployment.status ?? {};
  expect(findCondition(conditions, 'Ready')).toMatchObject({ status: 'False', reason: 'NotFound' });
  expect(findCondition(conditions, 'Available')?.status).toBe('True');
  expect(stableRevision).toBe(stable);
  expect(world.selected).toBe(stable);
});

test('a condition keeps its time while its status stays', async () => {
  await serve('1');
  const before = findCondition(world.modelDeployment.status?.conditions, 'Available')?.lastTransitionTime;
  world.now += 60_000;
  world.changeSpec({ replicas: 2 });
  await world.reconcile();
  world.now += 60_000;
  world.runPods({ ready: true });
  await world.reconcile();
  expect(findCondition(world.modelDeployment.status?.conditions, 'Available')?.lastTransitionTime).toBe(
    before,
  );
});

test('a source that is read at once is worth no status write of its own, one that takes long is', () => {
  world.setSource({ state: 'pending', since: world.now });
  expect(world.plan().actions).toEqual([]);
  world.now += world.plan().requeueAfterMs ?? 0;
  expect(world.plan().actions).toHaveLength(1);
});

test('counts are written once the pods have rested', async () => {
  world.changeSpec({ replicas: 3 });
  await serve('1');
  world.now += 60_000;
  await world.reconcile();
  const [one] = world.podsOf(world.selected ?? '');
  const at = new Date(world.now).toISOString();
  world.cluster.merge('Pod', one?.metadata.name ?? '', {
    status: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: at }] },
  });
  await world.reconcile();
  const [two] = world.podsOf(world.selected ?? '').slice(1);
  world.cluster.merge('Pod', two?.metadata.name ?? '', {
    status: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: at }] },
  });
  expect(world.plan()).toMatchObject({ actions: [], requeueAfterMs: 5_000 });
  world.now += 5_000;
  await world.reconcile();
  expect(world.modelDeployment.status?.readyReplicas).toBe(1);
});

test.each(['Starting', 'RollingOut', 'WaitingForPromotion'])(
  'an outage is told before the rollout (%s) that is on its way meanwhile',
  async (reason) => {
    const scene = new RolloutScene({
      replicas: 2,
      rollout: { steps: [reason === 'WaitingForPromotion' ? { weight: 5 } : STEPS[0]] },
    });
    const stable = await scene.serve('1');
    scene.now += MINUTE;
    await scene.offer('2');
    if (reason !== 'Starting') await scene.grow();
    const own = scene.ready;
    expect(own?.reason).toBe(reason);
    for (const { metadata } of scene.podsOf(stable)) scene.cluster.remove('Pod', metadata.name);
    scene.cluster.remove('Deployment', stable);
    await scene.reconcile();
    const row = CONDITION_TABLE.unavailable;
    expect(scene.ready).toMatchObject({ status: row.ready, reason: 'Unavailable' });
    expect(scene.ready?.message).toMatch(
      new RegExp(`^No pod of revision ${stable} .1. is ready\\. .* Revision .* .2. is `),
    );
    const { conditions } = scene.modelDeployment.status ?? {};
    expect(findCondition(conditions, 'Available')?.status).toBe('False');
    expect(findCondition(conditions, 'Reconciling')).toMatchObject({ status: 'True', reason: 'Unavailable' });
    expect(scene.selected).toBe(stable);
    scene.runPods({ ready: true });
    scene.now += 10_000;
    await scene.reconcile();
    expect(scene.ready?.reason).not.toBe('Unavailable');
  },
);

test('an operator that just began to look does not say that pods cannot be reached', async () => {
  const scene = new RolloutScene({ replicas: 2, rollout: { steps: STEPS } });
  await scene.atFirstStep();
  await underLoad(scene, 30_000);
  scene.forgetReadings();
  scene.now += 6_000;
  await scene.reconcile();
  expect(scene.ready?.message).toContain('was not asked yet');
  expect(scene.ready?.message).not.toContain('PodsUnreachable');
  scene.follow(scene.plan());
  scene.now += 6_000;
  scene.read(new Map());
  await scene.reconcile();
  expect(scene.ready?.message).toContain('PodsUnreachable');
});
