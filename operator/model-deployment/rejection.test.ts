import { beforeEach, expect, test } from 'vitest';
import { findCondition } from '#operator/api/conditions.ts';
import type { ModelRollback } from '#operator/api/objects.ts';
import { rollback } from './testing/fixtures.ts';
import { World } from './testing/world.ts';

let world: World;
beforeEach(() => {
  world = new World({ replicas: 2 });
});

const ready = () => findCondition(world.modelDeployment.status?.conditions, 'Ready');
const stateOf = (name: string) => world.revisions.find(({ metadata }) => metadata.name === name)?.status;

test('a candidate out of memory is rejected at once and for good, and the stable one serves on', async () => {
  const first = await world.serve('1');
  const candidate = await world.exhaust('2');
  expect(world.selected).toBe(first);
  expect(ready()).toMatchObject({ status: 'False', reason: 'OutOfMemory' });
  expect(ready()?.message).toContain('Raise serving.resources.limits.memory');
  expect(stateOf(candidate)).toMatchObject({ state: 'Rejected', reason: 'OutOfMemory' });
  expect(world.deployments.map(({ metadata }) => metadata.name)).toEqual([first]);
  world.runPods();
  expect(world.plan().source).toBeUndefined();
  await world.reconcile();
  expect(world.plan().actions).toEqual([]);
});

test('what may pass is shown while it lasts, and rejects at the deadline', async () => {
  world.found('1');
  await world.reconcile();
  world.runPods({ main: { state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } } });
  await world.reconcile();
  expect(ready()).toMatchObject({ status: 'False', reason: 'ImagePullFailed' });
  expect(findCondition(world.modelDeployment.status?.conditions, 'Reconciling')?.status).toBe('True');
  const { requeueAfterMs = 0 } = world.plan();
  expect(requeueAfterMs).toBeGreaterThan(590_000);
  world.now += requeueAfterMs;
  await world.reconcile();
  expect(ready()?.message).toContain('It lasted for rollout.progressDeadline, 10m; 0 of 2 pods were ready.');
  expect(findCondition(world.modelDeployment.status?.conditions, 'Stalled')).toMatchObject({
    status: 'True',
    reason: 'Rejected',
  });
});

test('a rejected revision is tried again once it is deleted, with the next number', async () => {
  const first = await world.serve('1');
  const candidate = await world.exhaust('2');
  world.runPods();
  world.cluster.remove('ModelRevision', candidate);
  await world.reconcile();
  expect(stateOf(candidate)).toMatchObject({ state: 'Candidate', revision: 3 });
  expect(world.selected).toBe(first);
});

test('a breaking schema is rejected until it is allowed', async () => {
  const first = await world.serve('1');
  world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
  world.found('2', ['income']);
  await world.reconcile();
  expect(ready()).toMatchObject({ status: 'False', reason: 'SchemaIncompatible' });
  expect(ready()?.message).toContain('rollout.allowBreakingSchema: true');
  expect(world.deployments).toHaveLength(1);
  world.changeSpec({ rollout: { allowBreakingSchema: true } });
  await world.reconcile();
  world.now += 2_000;
  world.runPods({ ready: true });
  await world.reconcile();
  expect(world.selected).not.toBe(first);
});

test('a lost status is derived again, rejections and warm revisions included', async () => {
  const first = await world.serve('1');
  const second = await world.serve('2');
  const third = await world.exhaust('3');
  world.runPods();
  await world.reconcile();
  for (const object of [world.modelDeployment, ...world.revisions]) {
    world.cluster.merge(object.kind, object.metadata.name, { status: null });
  }
  await world.reconcile();
  expect(stateOf(first)).toMatchObject({ state: 'Warm', revision: 1 });
  expect(stateOf(second)).toMatchObject({ state: 'Stable', revision: 2 });
  expect(stateOf(third)).toMatchObject({ state: 'Rejected', revision: 3, reason: 'OutOfMemory' });
  expect(ready()?.reason).toBe('OutOfMemory');
});

test.each([
  ['schema', () => world.found('2', ['income'])],
  [
    'metric',
    () => {
      world.changeSpec({ rollout: { checks: [{ metric: { name: 'rmse', max: 1 } }] } });
      world.found('2');
    },
  ],
])(
  'after a rejection for its %s nothing is on its way, so that an undo to what serves is Invalid',
  async (_, find) => {
    const first = await world.serve('1');
    world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
    find();
    await world.reconcile();
    expect(findCondition(world.modelDeployment.status?.conditions, 'Stalled')?.status).toBe('True');
    world.now += 1_000;
    world.cluster.put(rollback('undo', { toRevision: first }));
    await world.reconcile();
    const undo = world.cluster.get('ModelRollback', 'undo') as ModelRollback;
    expect(undo.status).toMatchObject({ state: 'Invalid' });
    expect(undo.status?.message).toContain('already serves and no other is on its way');
    expect(world.selected).toBe(first);
  },
);
