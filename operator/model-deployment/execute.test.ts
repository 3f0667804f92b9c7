import { beforeEach, expect, test } from 'vitest';
import { findCondition } from '#operator/api/conditions.ts';
import { KubeError } from '#operator/kube/index.ts';
import { childMetadata, type Owner } from './identity.ts';
import { resolvedSource } from './testing/fixtures.ts';
import { World } from './testing/world.ts';

let world: World;
beforeEach(() => {
  world = new World();
  world.setSource({ state: 'resolved', source: resolvedSource('1'), at: world.now });
});

async function rollOut(): Promise<void> {
  await world.reconcile();
  world.now += 2_000;
  world.runPods({ ready: true });
  await world.reconcile();
}

const ready = () => findCondition(world.modelDeployment.status?.conditions, 'Ready');
const owner: Owner = { name: 'churn', namespace: 'models', uid: 'md-0' };

test.each([
  ['Service', 'churn'],
  ['ConfigMap', 'churn-traffic'],
])(
  'a %s of that name that is not ours is named, left as it is, and looked at again without a write',
  async (kind, name) => {
    const theirs = world.cluster.put({ apiVersion: 'v1', kind, metadata: { name, uid: 'theirs' } });
    await world.reconcile();
    expect(ready()).toMatchObject({ status: 'False', reason: 'ForeignObject' });
    expect(world.deployments).toEqual([]);
    expect(ready()?.message).toContain(
      `${kind} models/${name} exists and is not this ModelDeployment's: nobody controls it`,
    );
    expect(world.cluster.get(kind, name)).toEqual(theirs);
    const writes = world.cluster.writes.length;
    world.now += 31_000;
    await world.reconcile();
    expect(world.cluster.writes.length).toBe(writes);
    world.cluster.remove(kind, name);
    world.now += 31_000;
    await rollOut();
    await world.routed();
    expect(ready()?.reason).toBe('Serving');
  },
);

test('a Deployment of the next revision’s name that is not ours stops the rollout, and what serves serves on', async () => {
  await rollOut();
  const stable = world.selected;
  world.changeSpec({ model: { uri: 's3://models/churn/2/' } });
  world.setSource({ state: 'resolved', source: resolvedSource('2'), at: world.now });
  const planned = world.plan().actions.find((action) => action.verb === 'createDeployment');
  const name = planned?.verb === 'createDeployment' ? planned.deployment.revision : '';
  const theirs = world.cluster.put({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, uid: 'theirs' },
  });
  await world.reconcile();
  world.now += 3_600_000;
  await world.reconcile();
  expect(ready()).toMatchObject({ status: 'False', reason: 'ForeignObject' });
  expect(findCondition(world.modelDeployment.status?.conditions, 'Available')?.status).toBe('True');
  expect(world.selected).toBe(stable);
  expect(world.cluster.get('Deployment', name)).toEqual(theirs);
});

test('children of a predecessor are waited for: the garbage collector takes them within moments', async () => {
  world.cluster.put({ apiVersion: 'v1', kind: 'Service', metadata: childMetadata(owner, 'churn') });
  await rollOut();
  expect(ready()?.reason).toBe('ForeignObject');
  world.cluster.remove('Service', 'churn');
  world.now += 2_001;
  await rollOut();
  await world.routed();
  expect(ready()?.reason).toBe('Serving');
});

test('an own object that the cache does not show yet is taken as it is, not made twice', async () => {
  const planned = world.plan();
  await world.carryOut(planned);
  const writes = world.cluster.writes.length;
  await world.carryOut({ ...planned, actions: planned.actions.filter(({ verb }) => verb === 'create') });
  expect(world.cluster.writes.length).toBe(writes);
});

test('what a quota refuses is told as QuotaExceeded, and tried again later', async () => {
  const { kube } = world.cluster;
  const planned = world.plan();
  const end = await world.carryOutWith(planned, {
    ...kube,
    create: async (type, object, options) => {
      if (type.kind === 'Deployment')
        throw new KubeError('forbidden', 'deployments.apps "x" is forbidden: exceeded quota: team');
      return kube.create(type, object, options);
    },
  });
  expect(end).toBe('obstructed');
  const status = world.plan().status;
  expect(findCondition(status.conditions, 'Ready')).toMatchObject({ reason: 'QuotaExceeded' });
  world.now += 31_000;
  await rollOut();
  await world.routed();
  expect(ready()?.reason).toBe('Serving');
});

test('execution stops at the first error, so that nothing is written on a failed foundation', async () => {
  const { kube } = world.cluster;
  const failing = {
    ...kube,
    create: async () => Promise.reject(new KubeError('transient', 'no answer')),
  };
  await expect(world.carryOutWith(world.plan(), failing)).rejects.toThrow('no answer');
  expect(world.cluster.writes).toEqual([]);
});
