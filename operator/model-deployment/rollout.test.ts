import { beforeEach, expect, test } from 'vitest';
import { findCondition } from '#operator/api/conditions.ts';
import type { Action } from './action.ts';
import { resolvedSource, rollback } from './testing/fixtures.ts';
import { World } from './testing/world.ts';

let world: World;
beforeEach(() => {
  world = new World({ replicas: 2 });
});

function found(content: string, inputs?: readonly string[]): void {
  world.setSource({ state: 'resolved', source: resolvedSource(content, inputs), at: world.now });
}

/** Rolls a new version out to the end, and gives its name. */
async function serve(content: string): Promise<string> {
  world.changeSpec({ model: { uri: `s3://models/churn/${content}/` } });
  found(content);
  await world.reconcile();
  world.now += 2_000;
  world.runPods({ ready: true });
  await world.reconcile();
  const name = world.selected;
  if (name === undefined) throw new Error('nothing is stable');
  return name;
}

const ready = () => findCondition(world.modelDeployment.status?.conditions, 'Ready');
const stateOf = (name: string) => world.revisions.find(({ metadata }) => metadata.name === name)?.status;
const names = (actions: readonly Action[]): readonly string[] =>
  actions.map((action) => `${action.verb}${'kind' in action ? ` ${action.kind}` : ''}`);

test('the first rollout takes ten writes: revision, its children, the switch, and the statuses', async () => {
  found('1');
  await world.reconcile();
  world.now += 2_000;
  world.runPods({ ready: true });
  await world.reconcile();
  expect(ready()).toMatchObject({ status: 'True', reason: 'Serving' });
  expect(world.cluster.writes).toHaveLength(10);
});

test('an update takes at most twelve writes, and leaves the old revision warm at full size', async () => {
  const first = await serve('1');
  world.cluster.writes.length = 0;
  const second = await serve('2');
  const counted = world.cluster.writes.filter((write) => !write.startsWith('patch Pod'));
  expect(counted.length).toBeLessThanOrEqual(12);
  expect(second).not.toBe(first);
  expect(stateOf(first)?.state).toBe('Warm');
  expect(stateOf(second)).toMatchObject({ state: 'Stable', revision: 2 });
  expect(world.podsOf(first)).toHaveLength(2);
});

test('the switch moves only when every pod of the candidate is ready', async () => {
  const first = await serve('1');
  world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
  found('2');
  await world.reconcile();
  world.now += 2_000;
  world.runPods();
  const candidate = world.modelDeployment.status?.candidateRevision ?? '';
  const [one] = world.podsOf(candidate);
  world.cluster.merge('Pod', one?.metadata.name ?? '', {
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  await world.reconcile();
  expect(world.selected).toBe(first);
  world.now += 5_000;
  await world.reconcile();
  expect(ready()?.message).toContain('1 of 2 pods are ready');
});

test('promotion is in order: selector, traffic file, touched pods, states, status last', async () => {
  await serve('1');
  world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
  found('2');
  await world.reconcile();
  world.now += 2_000;
  world.runPods({ ready: true });
  expect(names(world.plan().actions)).toEqual([
    'apply Service',
    'apply ConfigMap',
    'touchPods',
    'patch ModelRevision',
    'patch ModelRevision',
    'patch ModelDeployment',
  ]);
});

test('every prefix of a promotion can be resumed to the same end', async () => {
  for (let prefix = 0; prefix <= 6; prefix += 1) {
    world = new World({ replicas: 2 });
    await serve('1');
    world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
    found('2');
    await world.reconcile();
    world.now += 2_000;
    world.runPods({ ready: true });
    await world.carryOut(world.plan(), prefix);
    await world.reconcile();
    expect(world.plan().actions).toEqual([]);
    expect(stateOf(world.selected ?? '')).toMatchObject({ state: 'Stable', revision: 2 });
    expect(ready()).toMatchObject({ status: 'True', reason: 'Serving' });
  }
});

test('a candidate out of memory is rejected at once and for good, and the stable one serves on', async () => {
  const first = await serve('1');
  world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
  found('2');
  await world.reconcile();
  world.runPods();
  const candidate = world.modelDeployment.status?.candidateRevision ?? '';
  world.setPods(candidate, { main: { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } } });
  await world.reconcile();
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
  found('1');
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
  const first = await serve('1');
  world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
  found('2');
  await world.reconcile();
  world.runPods();
  const candidate = world.modelDeployment.status?.candidateRevision ?? '';
  world.setPods(candidate, { main: { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } } });
  await world.reconcile();
  world.runPods();
  world.cluster.remove('ModelRevision', candidate);
  await world.reconcile();
  expect(stateOf(candidate)).toMatchObject({ state: 'Candidate', revision: 3 });
  expect(world.selected).toBe(first);
});

test('a breaking schema is rejected until it is allowed', async () => {
  const first = await serve('1');
  world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
  found('2', ['income']);
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

test('a newer spec supersedes a candidate, which may come back', async () => {
  const first = await serve('1');
  world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
  found('2');
  await world.reconcile();
  const candidate = world.modelDeployment.status?.candidateRevision ?? '';
  const third = await serve('3');
  expect(stateOf(candidate)?.state).toBe('Superseded');
  expect(world.deployments.map(({ metadata }) => metadata.name).toSorted()).toEqual(
    [first, third].toSorted(),
  );
});

test('a candidate goes on while the source of a newer spec is read', async () => {
  await serve('1');
  world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
  found('2');
  await world.reconcile();
  world.changeSpec({ model: { sha256: 'a'.repeat(64) } });
  world.setSource({ state: 'pending', since: world.now });
  await world.reconcile();
  expect(world.deployments).toHaveLength(2);
});

test('the stable revision is never smaller than asked for, and the warm one follows it', async () => {
  await serve('1');
  await serve('2');
  world.changeSpec({ replicas: 5 });
  await world.reconcile();
  expect(world.deployments.map(({ spec }) => spec.replicas)).toEqual([5, 5]);
});

test('with no replicas nothing runs, a candidate waits, and its deadline begins when it is scaled up', async () => {
  await serve('1');
  world.changeSpec({ replicas: 0, model: { uri: 's3://models/churn/2/' } });
  found('2');
  await world.reconcile();
  world.runPods();
  await world.reconcile();
  expect(ready()).toMatchObject({ status: 'True', reason: 'ScaledToZero' });
  expect(findCondition(world.modelDeployment.status?.conditions, 'Available')).toMatchObject({
    status: 'False',
    reason: 'ScaledToZero',
  });
  expect(world.deployments).toHaveLength(1);
  world.now += 3_600_000;
  world.changeSpec({ replicas: 1 });
  await world.reconcile();
  expect(ready()?.reason).toBe('Starting');
});

test('an earlier revision retires after warmFor: Deployment and budget first, the Service once its pods are gone', async () => {
  const first = await serve('1');
  await serve('2');
  world.now += 3_600_001;
  await world.reconcile();
  expect(world.cluster.get('Deployment', first)).toBeUndefined();
  expect(world.cluster.get('PodDisruptionBudget', first)).toBeUndefined();
  expect(world.cluster.get('Service', first)).toBeDefined();
  world.runPods();
  await world.reconcile();
  expect(world.cluster.get('Service', first)).toBeUndefined();
  expect(stateOf(first)?.state).toBe('Retired');
});

test('without warm revisions the old one waits until its pods forward, or for a bound', async () => {
  world.changeSpec({ history: { warm: 0 } });
  const first = await serve('1');
  await serve('2');
  expect(world.cluster.get('Deployment', first)).toBeDefined();
  for (const { metadata } of world.podsOf(first)) world.acknowledged.set(metadata.uid ?? '', 2);
  await world.reconcile();
  expect(world.cluster.get('Deployment', first)).toBeUndefined();
});

test('a warm revision gives its room to a candidate that finds none', async () => {
  const first = await serve('1');
  await serve('2');
  world.changeSpec({ model: { uri: 's3://models/churn/3/' } });
  found('3');
  await world.reconcile();
  world.now += 20_000;
  world.runPods({
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: '0/1 nodes: Insufficient cpu',
      },
    ],
  });
  await world.reconcile();
  expect(world.cluster.get('Deployment', first)).toBeUndefined();
});

test('with an autoscaler the operator makes it, repairs it, and takes it away', async () => {
  await serve('1');
  world.changeSpec({ autoscaling: { minReplicas: 1, maxReplicas: 5, targetCPUUtilizationPercentage: 70 } });
  await world.reconcile();
  expect(world.cluster.get('HorizontalPodAutoscaler', 'churn')).toMatchObject({
    spec: { scaleTargetRef: { kind: 'ModelDeployment', name: 'churn' }, maxReplicas: 5 },
  });
  world.changeSpec({ autoscaling: { maxReplicas: 9 } });
  await world.reconcile();
  expect(world.cluster.get('HorizontalPodAutoscaler', 'churn')).toMatchObject({ spec: { maxReplicas: 9 } });
  world.changeSpec({ autoscaling: null });
  await world.reconcile();
  expect(world.cluster.get('HorizontalPodAutoscaler', 'churn')).toBeUndefined();
});

test('a newer operator with another default image changes no running model, followed or not', async () => {
  await serve('1');
  world.changeSpec({ model: { refreshInterval: '1m' } });
  found('1');
  await world.reconcile();
  world.runtimeImage = 'runtime:2';
  found('1');
  expect(world.plan().actions).toEqual([]);
});

test('a followed source with other bytes is a new revision of the same spec, and one whose look fails is none', async () => {
  world.changeSpec({ model: { refreshInterval: '1m' } });
  found('1');
  await world.reconcile();
  world.now += 2_000;
  world.runPods({ ready: true });
  await world.reconcile();
  const first = world.selected;
  const failure = { reason: 'SourceUnavailable' as const, message: 'the store is down', transient: true };
  world.setSource({ state: 'resolved', source: resolvedSource('1'), at: world.now, failure });
  await world.reconcile();
  expect(ready()?.status).toBe('True');
  expect(findCondition(world.modelDeployment.status?.conditions, 'ModelResolved')).toMatchObject({
    status: 'False',
    reason: 'SourceUnavailable',
  });
  found('2');
  await world.reconcile();
  expect(world.modelDeployment.status?.candidateRevision).not.toBe(first);
});

test('nothing is written once the ModelDeployment is being deleted', async () => {
  found('1');
  world.cluster.merge('ModelDeployment', 'churn', {
    metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
  });
  expect(world.plan().actions).toEqual([]);
});

test('a lost status is derived again, rejections and warm revisions included', async () => {
  const first = await serve('1');
  const second = await serve('2');
  world.changeSpec({ model: { uri: 's3://models/churn/3/' } });
  found('3');
  await world.reconcile();
  world.runPods();
  const third = world.modelDeployment.status?.candidateRevision ?? '';
  world.setPods(third, { main: { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } } });
  await world.reconcile();
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

test('a stable Service that somebody deleted comes back for the same revision', async () => {
  const first = await serve('1');
  world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
  world.setSource({ state: 'pending', since: world.now });
  world.cluster.remove('Service', 'churn');
  await world.reconcile();
  expect(world.selected).toBe(first);
});

test('numbers are never given twice', async () => {
  await serve('1');
  world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
  found('2');
  await world.reconcile();
  const second = world.modelDeployment.status?.candidateRevision ?? '';
  world.cluster.put(rollback('abort'));
  await world.reconcile();
  world.cluster.remove('ModelRevision', second);
  world.runPods();
  await world.reconcile();
  world.cluster.remove('ModelRollback', 'abort');
  await world.reconcile();
  expect(stateOf(second)?.revision).toBe(4);
});
