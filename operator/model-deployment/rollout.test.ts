import { beforeEach, expect, test } from 'vitest';
import { findCondition } from '#operator/api/conditions.ts';
import type { Action } from './action.ts';
import { resolvedSource, rollback } from './testing/fixtures.ts';
import { World } from './testing/world.ts';

let world: World;
beforeEach(() => {
  world = new World({ replicas: 2 });
});

const ready = () => findCondition(world.modelDeployment.status?.conditions, 'Ready');
const stateOf = (name: string) => world.revisions.find(({ metadata }) => metadata.name === name)?.status;
const names = (actions: readonly Action[]): readonly string[] =>
  actions.map((action) => `${action.verb}${'kind' in action ? ` ${action.kind}` : ''}`);

test('the first rollout takes eleven writes: revision, its children, the switch, and the statuses', async () => {
  world.found('1');
  await world.reconcile();
  world.now += 2_000;
  world.runPods({ ready: true });
  await world.reconcile();
  await world.routed();
  expect(ready()).toMatchObject({ status: 'True', reason: 'Serving' });
  expect(world.cluster.writes).toHaveLength(11);
});

test('an update is Ready at once: what served before answers until the nodes route to it', async () => {
  await world.serve('1');
  world.now += 60_000;
  await world.offer('2');
  world.now += 2_000;
  world.runPods({ ready: true });
  await world.reconcile();
  expect(ready()).toMatchObject({ status: 'True', reason: 'Serving' });
});

test('an update takes at most twelve writes, and leaves the old revision warm at full size', async () => {
  const first = await world.serve('1');
  world.cluster.writes.length = 0;
  const second = await world.serve('2');
  const counted = world.cluster.writes.filter((write) => !write.startsWith('patch Pod'));
  expect(counted.length).toBeLessThanOrEqual(12);
  expect(second).not.toBe(first);
  expect(stateOf(first)?.state).toBe('Warm');
  expect(stateOf(second)).toMatchObject({ state: 'Stable', revision: 2 });
  expect(world.podsOf(first)).toHaveLength(2);
});

test('the switch moves only when every pod of the candidate is ready', async () => {
  const first = await world.serve('1');
  await world.offer('2');
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
  await world.serve('1');
  await world.offer('2');
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
    await world.serve('1');
    world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
    world.found('2');
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

test('a newer spec supersedes a candidate, which may come back', async () => {
  const first = await world.serve('1');
  await world.offer('2');
  const candidate = world.modelDeployment.status?.candidateRevision ?? '';
  const third = await world.serve('3');
  expect(stateOf(candidate)?.state).toBe('Superseded');
  expect(world.deployments.map(({ metadata }) => metadata.name).toSorted()).toEqual(
    [first, third].toSorted(),
  );
});

test('a candidate goes on while the source of a newer spec is read', async () => {
  await world.serve('1');
  await world.offer('2');
  world.changeSpec({ model: { sha256: 'a'.repeat(64) } });
  world.setSource({ state: 'pending', since: world.now });
  await world.reconcile();
  expect(world.deployments).toHaveLength(2);
});

test('a newer operator with another default image changes no running model, followed or not', async () => {
  await world.serve('1');
  world.changeSpec({ model: { refreshInterval: '1m' } });
  world.found('1');
  await world.reconcile();
  world.runtimeImage = 'runtime:2';
  world.found('1');
  expect(world.plan().actions).toEqual([]);
});

test('a followed source with other bytes is a new revision of the same spec, and one whose look fails is none', async () => {
  world.changeSpec({ model: { refreshInterval: '1m' } });
  world.found('1');
  await world.reconcile();
  world.now += 2_000;
  world.runPods({ ready: true });
  await world.reconcile();
  await world.routed();
  const first = world.selected;
  const failure = { reason: 'SourceUnavailable' as const, message: 'the store is down', transient: true };
  world.setSource({ state: 'resolved', source: resolvedSource('1'), at: world.now, failure });
  await world.reconcile();
  expect(ready()?.status).toBe('True');
  expect(findCondition(world.modelDeployment.status?.conditions, 'ModelResolved')).toMatchObject({
    status: 'False',
    reason: 'SourceUnavailable',
  });
  world.found('2');
  await world.reconcile();
  expect(world.modelDeployment.status?.candidateRevision).not.toBe(first);
});

test('nothing is written once the ModelDeployment is being deleted', async () => {
  world.found('1');
  world.cluster.merge('ModelDeployment', 'churn', {
    metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
  });
  expect(world.plan().actions).toEqual([]);
});

test('numbers are never given twice', async () => {
  await world.serve('1');
  await world.offer('2');
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

test('another version of a registered model is another revision, though its bytes are the same', async () => {
  const registered = (version: string) => {
    const source = resolvedSource('1');
    return { ...source, artifact: { ...source.artifact, registry: { name: 'churn', version } } };
  };
  world.changeSpec({ model: { uri: 'models:/churn@champion', refreshInterval: '1m' } });
  world.setSource({ state: 'resolved', source: registered('1'), at: world.now });
  await world.reconcile();
  const candidate = () => world.modelDeployment.status?.candidateRevision;
  const first = candidate();
  expect(first).toBeDefined();
  world.setSource({ state: 'resolved', source: registered('1'), at: world.now });
  await world.reconcile();
  expect(candidate()).toBe(first);
  world.setSource({ state: 'resolved', source: registered('2'), at: world.now });
  await world.reconcile();
  expect(candidate()).not.toBe(first);
});
