import { beforeEach, expect, test } from 'vitest';
import { findCondition } from '#operator/api/conditions.ts';
import { World } from './testing/world.ts';

let world: World;
beforeEach(() => {
  world = new World({ replicas: 2 });
});

const ready = () => findCondition(world.modelDeployment.status?.conditions, 'Ready');
const stateOf = (name: string) => world.revisions.find(({ metadata }) => metadata.name === name)?.status;

test('the stable revision is never smaller than asked for, and the warm one follows it', async () => {
  await world.serve('1');
  await world.serve('2');
  world.changeSpec({ replicas: 5 });
  await world.reconcile();
  expect(world.deployments.map(({ spec }) => spec.replicas)).toEqual([5, 5]);
});

test('with no replicas nothing runs, a candidate waits, and its deadline begins when it is scaled up', async () => {
  await world.serve('1');
  world.changeSpec({ replicas: 0, model: { uri: 's3://models/churn/2/' } });
  world.found('2');
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
  // Nothing answers until the first pods are ready, be they of the stable revision or of the candidate.
  expect(ready()?.reason).toBe('Unavailable');
  expect(ready()?.message).toMatch(/is starting: 0 of 1 pods are ready/);
});

test('an earlier revision retires after warmFor: Deployment and budget first, the Service once its pods are gone', async () => {
  const first = await world.serve('1');
  await world.serve('2');
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
  const first = await world.serve('1');
  await world.serve('2');
  expect(world.cluster.get('Deployment', first)).toBeDefined();
  for (const { metadata } of world.podsOf(first)) world.acknowledged.set(metadata.uid ?? '', 2);
  await world.reconcile();
  expect(world.cluster.get('Deployment', first)).toBeUndefined();
});

test('a warm revision gives its room to a candidate that finds none', async () => {
  const first = await world.serve('1');
  await world.serve('2');
  await world.offer('3');
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
  await world.serve('1');
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

test('a stable Service that somebody deleted comes back for the same revision', async () => {
  const first = await world.serve('1');
  world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
  world.setSource({ state: 'pending', since: world.now });
  world.cluster.remove('Service', 'churn');
  await world.reconcile();
  expect(world.selected).toBe(first);
});

test('the revision that the Service selects is stable still when its record and its Deployment were lost', async () => {
  const first = await world.serve('1');
  world.cluster.remove('ModelRevision', first);
  world.cluster.remove('Deployment', first);
  world.cluster.put({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: first } });
  await world.reconcile();
  expect(world.selected).toBe(first);
  expect(stateOf(first)?.state).toBe('Stable');
  expect(world.plan().actions).toEqual([]);
});

test('the revision that the traffic file names is stable still when its Service and its Deployment were deleted', async () => {
  const first = await world.serve('1');
  world.cluster.remove('Service', 'churn');
  world.cluster.remove('Deployment', first);
  await world.reconcile();
  expect(world.selected).toBe(first);
  expect(world.deployments.map(({ metadata }) => metadata.name)).toEqual([first]);
  expect(world.plan().actions).toEqual([]);
});
