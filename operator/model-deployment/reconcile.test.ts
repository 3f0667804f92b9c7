import { expect, test } from 'vitest';
import { MlflowServerPool, ResolutionCache, S3StorePool } from '#artifact/index.ts';
import { DriftWatch } from '#operator/drift/index.ts';
import { Monitor } from '#operator/monitor/index.ts';
import { createSources, type SourceState } from '#operator/source/index.ts';
import type { ModelRollback } from '#operator/api/objects.ts';
import { createReconciler } from './reconcile.ts';
import { resolvedSource, rollback } from './testing/fixtures.ts';
import { World } from './testing/world.ts';

const key = { namespace: 'models', name: 'churn' };
const { signal } = new AbortController();

function reconciler(world: World, state: () => SourceState) {
  const sources = createSources({
    kube: world.cluster.kube,
    stores: new S3StorePool({}),
    mlflow: new MlflowServerPool({}),
    cache: new ResolutionCache(),
    onChange: () => undefined,
  });
  return createReconciler({
    kube: world.cluster.kube,
    caches: world.cluster.caches,
    sources: { ...sources, ensure: () => undefined, forget: () => undefined, state },
    events: { record: () => undefined },
    settings: { runtimeImage: 'runtime:1', cudaRuntimeImage: 'runtime-cuda:1' },
    podProbe: async () => 0,
    createMonitor: (onRead) => new Monitor({ probe: async () => ({}), prometheus: undefined, onRead }),
    createDriftWatch: (onNews) =>
      new DriftWatch({ probe: async () => Promise.reject(new Error('gone')), onNews }),
    enqueue: () => undefined,
    clock: () => world.now,
  });
}

test('after writes it looks again at once, because their answers may bring news that no watch repeats; then it rests', async () => {
  const world = new World();
  const reconcile = reconciler(world, () => ({
    state: 'resolved',
    source: resolvedSource('1'),
    at: world.now,
  }));
  expect(await reconcile(key, signal)).toEqual({ requeueAfterMs: 0 });
  const second = await reconcile(key, signal);
  expect(second.requeueAfterMs).toBeGreaterThan(590_000);
});

test('what is in the way is known after the first try, and the next goes around it', async () => {
  const world = new World();
  world.cluster.put({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'x', uid: 'y' },
  });
  const reconcile = reconciler(world, () => ({
    state: 'resolved',
    source: resolvedSource('1'),
    at: world.now,
  }));
  await reconcile(key, signal);
  const [revision] = world.revisions;
  world.cluster.remove('Service', revision?.metadata.name ?? '');
  world.cluster.put({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: revision?.metadata.name ?? '', uid: 'theirs' },
  });
  expect(await reconcile(key, signal)).toEqual({ requeueAfterMs: 0 });
  await reconcile(key, signal);
  const ready = world.modelDeployment.status?.conditions?.find(({ type }) => type === 'Ready');
  expect(ready?.reason).toBe('ForeignObject');
});

test('an undo of a ModelDeployment that does not exist says so after a grace, and undoes none that is made later', async () => {
  const world = new World();
  const { modelDeployment } = world;
  world.cluster.remove('ModelDeployment', 'churn');
  world.cluster.put(rollback('undo'));
  const reconcile = reconciler(world, () => ({ state: 'idle' }));
  const undo = () => world.cluster.get('ModelRollback', 'undo') as ModelRollback;
  expect(await reconcile(key, signal)).toEqual({ requeueAfterMs: 60_000 });
  expect(undo().status).toBeUndefined();

  world.now += 60_000;
  expect(await reconcile(key, signal)).toEqual({});
  expect(undo().status).toMatchObject({ state: 'Invalid' });
  expect(undo().status?.message).toContain('There is no ModelDeployment churn in namespace models');
  expect(undo().status?.conditions).toMatchObject([{ type: 'Ready', status: 'False', reason: 'Invalid' }]);
  const writes = world.cluster.writes.length;
  await reconcile(key, signal);
  expect(world.cluster.writes.length).toBe(writes);

  world.now += 1_000;
  const creationTimestamp = new Date(world.now).toISOString();
  world.cluster.put({ ...modelDeployment, metadata: { ...modelDeployment.metadata, creationTimestamp } });
  await reconcile(key, signal);
  expect(undo().status).toMatchObject({ state: 'Invalid' });
  expect(undo().status?.message).toContain('There is no ModelDeployment churn in namespace models');
});

test('an undo that is seen before its ModelDeployment is bound to it', async () => {
  const world = new World();
  const { modelDeployment } = world;
  world.cluster.remove('ModelDeployment', 'churn');
  world.cluster.put(rollback('undo'));
  const reconcile = reconciler(world, () => ({ state: 'idle' }));
  await reconcile(key, signal);
  world.cluster.put(modelDeployment);
  await reconcile(key, signal);
  const undo = world.cluster.get('ModelRollback', 'undo') as ModelRollback;
  expect(undo.status?.modelDeploymentUid).toBe('md-1');
});
