import { beforeEach, expect, test } from 'vitest';
import { findCondition } from '#operator/api/conditions.ts';
import { World } from './testing/index.ts';

// kubectl wait --for=condition=Ready followed by curl: nodes have to know the way before Ready says True.

let world: World;
beforeEach(() => {
  world = new World();
});

const condition = (type: 'Ready' | 'Available' | 'Reconciling') =>
  findCondition(world.modelDeployment.status?.conditions, type);
const planned = () => findCondition(world.plan().status.conditions, 'Ready')?.reason;

/** Up to the moment at which the stable Service of the first revision is made. */
async function promoteFirst(): Promise<void> {
  await world.offer('1');
  world.now += 2_000;
  world.runPods({ ready: true });
  await world.reconcile();
  expect(world.selected).toBeDefined();
}

/** The stable Service as a clock shows that it was made so long ago. */
function serviceMade(agoMs: number): void {
  const creationTimestamp = new Date(world.now - agoMs).toISOString();
  world.cluster.merge('Service', 'churn', { metadata: { creationTimestamp } });
}

test('a first revision is neither Ready nor Available before the nodes know its Service, and says so', async () => {
  await promoteFirst();
  const message =
    /^Revision churn-\w+ .1. has 1 of 1 pods ready; it serves in a few seconds, once the nodes lead clients/;
  for (const type of ['Ready', 'Available'] as const) {
    expect(condition(type)).toMatchObject({ status: 'False', reason: 'Routing' });
    expect(condition(type)?.message).toMatch(message);
  }
  expect(condition('Reconciling')).toMatchObject({ status: 'True', reason: 'Routing' });
  const { actions, requeueAfterMs } = world.plan();
  expect(actions).toEqual([]);
  expect(requeueAfterMs).toBe(4_000);
  world.now += 3_999;
  expect(world.plan().actions).toEqual([]);
  world.now += 1;
  await world.reconcile();
  for (const type of ['Ready', 'Available'] as const)
    expect(condition(type)).toMatchObject({ status: 'True', reason: 'Serving' });
});

test.each([
  ['was made now', 0, 'Routing'],
  ['was made 2.9 s ago, and its time may be cut by a second', 3_900, 'Routing'],
  ['is old enough', 4_000, 'Serving'],
  ['was made an hour ago', 3_600_000, 'Serving'],
  ['was made by a clock that is 5 s ahead', -5_000, 'Routing'],
  ['was made an hour from now: the clock was set back', -3_600_000, 'Serving'],
])('with a stable Service that %s, Ready has a reason that fits', async (_what, agoMs, reason) => {
  await promoteFirst();
  world.now += 60_000;
  serviceMade(agoMs);
  expect(planned()).toBe(reason);
});

test('a clock that is set back holds Ready for ten seconds at most', async () => {
  await promoteFirst();
  await world.routed();
  world.now += 60_000;
  serviceMade(-6_000);
  await world.reconcile();
  expect(condition('Ready')).toMatchObject({ status: 'False', reason: 'Routing' });
  world.now += 10_000;
  await world.reconcile();
  expect(condition('Ready')).toMatchObject({ status: 'True', reason: 'Serving' });
});

test('a stable Service that somebody deleted has an address of its own again, which nodes have to learn', async () => {
  await promoteFirst();
  await world.routed();
  world.now += 60_000;
  world.cluster.remove('Service', 'churn');
  await world.reconcile();
  expect(condition('Ready')).toMatchObject({ status: 'False', reason: 'Routing' });
  expect(world.plan().actions).toEqual([]);
  await world.routed();
  expect(condition('Ready')).toMatchObject({ status: 'True', reason: 'Serving' });
});

test('pods that come back where nothing answered are Ready once nodes lead to them', async () => {
  await world.serve('1');
  world.now += 60_000;
  for (const { metadata } of world.pods) world.cluster.remove('Pod', metadata.name);
  await world.reconcile();
  expect(condition('Available')).toMatchObject({ status: 'False', reason: 'Unavailable' });
  world.now += 10_000;
  world.runPods({ ready: true });
  await world.reconcile();
  expect(condition('Available')).toMatchObject({ status: 'False', reason: 'Routing' });
  expect(world.plan().requeueAfterMs).toBe(3_000);
  world.now += 3_000;
  await world.reconcile();
  expect(condition('Available')).toMatchObject({ status: 'True', reason: 'Serving' });
});

test('one more pod, and a revision that follows another, are waited for by nobody', async () => {
  await world.serve('1');
  world.now += 60_000;
  world.changeSpec({ replicas: 2 });
  world.runPods({ ready: true });
  await world.reconcile();
  expect(condition('Ready')?.status).toBe('True');
  await world.offer('2');
  world.now += 2_000;
  world.runPods({ ready: true });
  await world.reconcile();
  expect(condition('Ready')).toMatchObject({ status: 'True', reason: 'Serving' });
});

test('without replicas nothing is waited for', async () => {
  await promoteFirst();
  world.changeSpec({ replicas: 0 });
  expect(planned()).toBe('ScaledToZero');
});
