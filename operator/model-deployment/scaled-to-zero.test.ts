import { beforeEach, expect, test } from 'vitest';
import { findCondition } from '#operator/api/conditions.ts';
import type { ModelRollback } from '#operator/api/objects.ts';
import { rollback } from './testing/fixtures.ts';
import { World } from './testing/world.ts';

let world: World;
let first: string;
let second: string;

beforeEach(async () => {
  world = new World({ replicas: 2 });
  first = await world.serve('1');
  second = await world.serve('2');
  await scale(0);
});

async function scale(replicas: number): Promise<void> {
  world.changeSpec({ replicas });
  await world.reconcile();
  world.runPods();
  await world.reconcile();
}

async function undo(toRevision?: string): Promise<ModelRollback> {
  world.now += 1_000;
  world.cluster.put(rollback('u1', toRevision === undefined ? {} : { toRevision }));
  await world.reconcile();
  return world.cluster.get('ModelRollback', 'u1') as ModelRollback;
}

const condition = (type: 'Ready' | 'Available' | 'Reconciling') =>
  findCondition(world.modelDeployment.status?.conditions, type);
const running = (): readonly string[] =>
  world.deployments.flatMap(({ metadata, spec }) => ((spec.replicas ?? 1) > 0 ? [metadata.name] : []));

test('an undo takes effect at once where nothing runs, and what was undone never serves again', async () => {
  const { status } = await undo();
  expect(status).toMatchObject({ state: 'Active', toRevision: first, fromRevision: second });
  expect(world.selected).toBe(first);
  expect(condition('Ready')?.reason).toBe('RolledBack');
  expect(condition('Available')).toMatchObject({ status: 'False', reason: 'ScaledToZero' });
  expect(condition('Reconciling')?.status).toBe('False');
  await scale(2);
  expect(running()).toEqual([first]);
});

test('the end of an undo takes effect at once as well: what the spec names served before', async () => {
  await undo();
  world.cluster.remove('ModelRollback', 'u1');
  await world.reconcile();
  expect(world.selected).toBe(second);
  await scale(2);
  expect(running()).toEqual([second]);
});

test('a new spec’s candidate waits, says so, and starts beside the stable one alone', async () => {
  await world.offer('3');
  expect(world.selected).toBe(second);
  expect(condition('Ready')).toMatchObject({ status: 'True', reason: 'ScaledToZero' });
  expect(condition('Ready')?.message).toMatch(
    /Revision churn-\w+ \(3\) takes effect when it is scaled up\.$/,
  );
  const candidate = world.modelDeployment.status?.candidateRevision ?? '';
  await scale(2);
  expect(running().toSorted()).toEqual([second, candidate].toSorted());
});

test('an undo to a revision that never served waits, and nothing says that it is starting', async () => {
  await scale(2);
  world.runPods({ ready: true });
  await world.offer('3');
  const third = world.modelDeployment.status?.candidateRevision ?? '';
  await world.offer('2');
  await scale(0);
  const { status } = await undo(third);
  expect(world.selected).toBe(second);
  expect(status?.state).toBe('Active');
  expect(status?.message).toContain('takes effect when the ModelDeployment is scaled up');
  expect(condition('Ready')).toMatchObject({ reason: 'ScaledToZero' });
  expect(condition('Ready')?.message).toContain('which ModelRollback u1 asks for, takes effect when');
});

test('a name that another has taken holds an undo back as it does with replicas', async () => {
  world.cluster.remove('Service', 'churn');
  world.cluster.put({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'churn', uid: 'theirs' } });
  await undo();
  expect(condition('Ready')?.reason).toBe('ForeignObject');
});
