import { beforeEach, expect, test } from 'vitest';
import { findCondition } from '#operator/api/conditions.ts';
import { rollback } from './testing/fixtures.ts';
import { World } from './testing/world.ts';

let world: World;
let first: string;
let second: string;

beforeEach(async () => {
  world = new World({ replicas: 2 });
  first = await world.serve('1');
  second = await world.serve('2');
});

const ready = () => findCondition(world.modelDeployment.status?.conditions, 'Ready');
const kinds = ['Deployment', 'Service', 'PodDisruptionBudget'] as const;
const childrenOf = (revision: string) =>
  kinds.filter((kind) => world.cluster.get(kind, revision) !== undefined);

async function undo(): Promise<void> {
  world.now += 1_000;
  world.cluster.put(rollback('u1'));
  await world.reconcile();
}

async function loseRecord(name: string): Promise<void> {
  world.cluster.remove('ModelRevision', name);
  await world.reconcile();
}

test('what an undo holds serves on under its number when its ModelRevision is deleted, and the status says so', async () => {
  await undo();
  expect(world.modelDeployment.status?.revision).toBe(3);
  await loseRecord(first);
  expect(world.selected).toBe(first);
  expect(world.modelDeployment.status?.revision).toBe(3);
  expect(ready()?.reason).toBe('RolledBack');
  expect(ready()?.message).toContain(`${first} (3)`);
  expect(ready()?.message).toContain(`ModelRevision ${first}, the record of what serves, was deleted`);
  expect(world.plan().actions).toEqual([]);
});

test('the number outlives the status as well', async () => {
  await undo();
  world.cluster.merge('ModelDeployment', 'churn', { status: null });
  await loseRecord(first);
  expect(world.modelDeployment.status?.revision).toBe(3);
});

test('once another revision is stable, nothing of one without a ModelRevision is left', async () => {
  await undo();
  await loseRecord(first);
  world.cluster.remove('ModelRollback', 'u1');
  await world.reconcile();
  expect(world.selected).toBe(second);
  expect(world.modelDeployment.status?.revision).toBe(4);
  world.now += 16_000;
  await world.reconcile();
  world.runPods({ ready: true });
  await world.reconcile();
  expect(childrenOf(first)).toEqual([]);
  expect(childrenOf(second)).toHaveLength(3);
});

test('a stalled spec beside a deleted record: what serves keeps its number, and the record comes back with its spec', async () => {
  await world.exhaust('3');
  world.runPods();
  await loseRecord(second);
  expect(world.selected).toBe(second);
  expect(world.modelDeployment.status?.revision).toBe(2);
  expect(ready()?.message).toContain('apply the spec that it was made from');
  await world.offer('2');
  expect(world.selected).toBe(second);
  expect(world.modelDeployment.status?.revision).toBe(4);
  expect(ready()).toMatchObject({ status: 'True', reason: 'Serving' });
});
