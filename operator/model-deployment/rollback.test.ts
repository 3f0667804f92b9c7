import { beforeEach, expect, test } from 'vitest';
import { findCondition } from '#operator/api/conditions.ts';
import { specHash } from '#operator/api/hashes.ts';
import type { ModelRollback } from '#operator/api/objects.ts';
import { resolvedSource, rollback, spec } from './testing/fixtures.ts';
import { World } from './testing/world.ts';

let world: World;
let first: string;
let second: string;

beforeEach(async () => {
  world = new World({ replicas: 2 });
  first = await world.serve('1');
  second = await world.serve('2');
});

async function undo(name: string, fields: Parameters<typeof rollback>[1] = {}): Promise<ModelRollback> {
  world.now += 1_000;
  world.cluster.put(rollback(name, fields));
  await world.reconcile();
  return get(name);
}

function get(name: string): ModelRollback {
  return world.cluster.get('ModelRollback', name) as ModelRollback;
}

const ready = () => findCondition(world.modelDeployment.status?.conditions, 'Ready');
const numberOf = (name: string) =>
  world.revisions.find(({ metadata }) => metadata.name === name)?.status?.revision;

test('an undo to a warm revision is one reconcile: selector, traffic file, a new number, one clear status', async () => {
  const undone = await undo('u1', { reason: 'odd answers' });
  expect(world.selected).toBe(first);
  expect(undone.status).toMatchObject({
    state: 'Active',
    toRevision: first,
    fromRevision: second,
    modelDeploymentUid: 'md-1',
    fromSpecHash: specHash(world.modelDeployment.spec),
  });
  expect(undone.metadata.ownerReferences).toMatchObject([{ uid: 'md-1' }]);
  expect(numberOf(first)).toBe(3);
  expect(ready()).toMatchObject({ status: 'False', reason: 'RolledBack' });
  expect(ready()?.message).toContain(`holds revision ${first} (3) instead of ${second}`);
  expect(ready()?.message).toContain('kubectl delete modelrollback u1');
  const { conditions } = world.modelDeployment.status ?? {};
  expect(findCondition(conditions, 'Available')?.status).toBe('True');
  expect(findCondition(conditions, 'Stalled')?.status).toBe('True');
  expect(world.plan().actions).toEqual([]);
});

test('deleting an active undo resumes the spec, without reading its source again', async () => {
  await undo('u1');
  world.setSource({ state: 'idle' });
  world.cluster.remove('ModelRollback', 'u1');
  await world.reconcile();
  expect(world.selected).toBe(second);
  expect(numberOf(second)).toBe(4);
  expect(ready()?.reason).toBe('Serving');
});

test('another spec ends an undo for good, and going back to the old spec does not bring it back', async () => {
  const before = world.modelDeployment.spec.model.uri;
  await undo('u1');
  await world.serve('3');
  expect(get('u1').status?.state).toBe('Superseded');
  world.changeSpec({ model: { uri: before } });
  world.setSource({ state: 'resolved', source: resolvedSource('2'), at: world.now });
  await world.reconcile();
  expect(get('u1').status?.state).toBe('Superseded');
  expect(world.selected).toBe(second);
});

test('replicas, history and rollout settings do not end an undo', async () => {
  await undo('u1');
  world.changeSpec({ replicas: 3, history: { limit: 3 }, rollout: { progressDeadline: '1m' } });
  await world.reconcile();
  expect(get('u1').status?.state).toBe('Active');
  expect(world.selected).toBe(first);
});

test('an undo by hand freezes a followed source', async () => {
  world.changeSpec({ model: { refreshInterval: '1m' } });
  world.setSource({ state: 'resolved', source: resolvedSource('2'), at: world.now });
  await world.reconcile();
  await undo('u1');
  world.setSource({ state: 'resolved', source: resolvedSource('9'), at: world.now });
  expect(world.plan().actions).toEqual([]);
  expect(world.plan().source).toBeUndefined();
});

test('an undo during a rollout is an abort: it brings the stable revision back in, and the candidate stops', async () => {
  world.changeSpec({ model: { uri: 's3://models/churn/3/' } });
  world.setSource({ state: 'resolved', source: resolvedSource('3'), at: world.now });
  await world.reconcile();
  const candidate = world.modelDeployment.status?.candidateRevision ?? '';
  const aborted = await undo('abort');
  expect(aborted.status).toMatchObject({ state: 'Active', toRevision: second, fromRevision: candidate });
  expect(world.selected).toBe(second);
  expect(world.cluster.get('Deployment', candidate)).toBeUndefined();
});

test('undo after undo goes further back, never to what was undone', async () => {
  const third = await world.serve('3');
  await undo('u1');
  expect(world.selected).toBe(second);
  const further = await undo('u2');
  expect(further.status).toMatchObject({ state: 'Active', toRevision: first, fromRevision: second });
  expect(third).not.toBe(first);
});

test('two undos at once are one', async () => {
  world.cluster.put(rollback('u1'));
  world.cluster.put(rollback('u2'));
  await world.reconcile();
  expect(world.selected).toBe(first);
  expect([get('u1').status?.toRevision, get('u2').status?.toRevision]).toEqual([first, first]);
});

test('an undo names a revision by number, by number as a string, or by name', async () => {
  await world.serve('3');
  expect((await undo('u1', { toRevision: 1 })).status?.toRevision).toBe(first);
  world.cluster.remove('ModelRollback', 'u1');
  await world.reconcile();
  expect((await undo('u2', { toRevision: '2' })).status?.toRevision).toBe(second);
  world.cluster.remove('ModelRollback', 'u2');
  await world.reconcile();
  expect((await undo('u3', { toRevision: first })).status?.toRevision).toBe(first);
});

test('an undo to a retired revision starts it again, and switches once it is ready', async () => {
  world.now += 3_700_000;
  await world.reconcile();
  world.runPods();
  await world.reconcile();
  await undo('u1');
  expect(world.selected).toBe(second);
  expect(ready()?.reason).toBe('RollingBack');
  world.now += 2_000;
  world.runPods({ ready: true });
  await world.reconcile();
  expect(world.selected).toBe(first);
});

test('an undo to a rejected revision is invalid, and says how to try it once more', async () => {
  world.changeSpec({ model: { uri: 's3://models/churn/3/' } });
  world.setSource({ state: 'resolved', source: resolvedSource('3'), at: world.now });
  await world.reconcile();
  world.runPods();
  const third = world.modelDeployment.status?.candidateRevision ?? '';
  world.setPods(third, { main: { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } } });
  await world.reconcile();
  world.runPods();
  const { status } = await undo('again', { toRevision: 3 });
  expect(status?.state).toBe('Invalid');
  expect(status?.message).toContain('was rejected: OutOfMemory');
  expect(status?.message).toContain(`kubectl delete modelrevision ${third}`);
  expect(world.podsOf(third)).toEqual([]);
});

const INVALID: readonly (readonly [string, Parameters<typeof rollback>[1], string])[] = [
  [
    'a number that was never given',
    { toRevision: 17 },
    'toRevision 17: that revision of ModelDeployment churn does not exist.',
  ],
  [
    'a name that does not exist',
    { toRevision: 'churn-ffffffffff' },
    'Create another ModelRollback with toRevision set to one of: 1 (',
  ],
  ['the revision that serves', { toRevision: 2 }, 'already serves and no other is on its way'],
];
test.each(INVALID)(
  'an undo to %s is Invalid and says what to do, and what serves serves on',
  async (_, fields, text) => {
    const { status } = await undo('u1', fields);
    expect(status?.state).toBe('Invalid');
    expect(status?.message).toContain(text);
    expect(world.selected).toBe(second);
    expect(ready()?.reason).toBe('Serving');
  },
);

test('an undo to another ModelDeployment’s revision says whose it is', async () => {
  const [known] = world.revisions;
  if (known === undefined) throw new Error('no revision');
  world.cluster.put({
    ...known,
    metadata: { name: 'other-0123456789', namespace: 'models', uid: 'x' },
    spec: { ...known.spec, modelDeployment: 'other' },
  });
  const { status } = await undo('u1', { toRevision: 'other-0123456789' });
  expect(status).toMatchObject({ state: 'Invalid' });
  expect(status?.message).toContain('it is a revision of ModelDeployment other');
});

test('an undo of a spec that changed since is Superseded at first sight', async () => {
  const { status } = await undo('u1', { fromSpecHash: specHash(spec()) });
  expect(status?.state).toBe('Superseded');
  expect(world.selected).toBe(second);
});

test('with one revision there is nothing to undo to', async () => {
  world = new World();
  first = await world.serve('1');
  const { status } = await undo('u1');
  expect(status?.message).toContain(`No other revision of ModelDeployment churn was stable before ${first}.`);
});

test('a ModelDeployment that was made again is not undone by what was made for its predecessor', async () => {
  const bound = await undo('u1');
  const { ownerReferences: _, ...orphaned } = bound.metadata;
  const fresh = rollback('u2');
  const successor = new World();
  successor.now = world.now + 60_000;
  successor.cluster.put({
    ...successor.modelDeployment,
    metadata: {
      ...successor.modelDeployment.metadata,
      uid: 'md-2',
      creationTimestamp: new Date(successor.now).toISOString(),
    },
  });
  successor.cluster.put({ ...bound, metadata: orphaned });
  successor.cluster.put({
    ...fresh,
    metadata: { ...fresh.metadata, creationTimestamp: new Date(world.now).toISOString() },
  });
  await successor.reconcile();
  const old = successor.cluster.get('ModelRollback', 'u1') as ModelRollback;
  const unbound = successor.cluster.get('ModelRollback', 'u2') as ModelRollback;
  expect(old.status).toMatchObject({ state: 'Invalid' });
  expect(old.status?.message).toContain('bound to an earlier ModelDeployment churn (uid md-1)');
  expect(unbound.status).toMatchObject({ state: 'Invalid' });
  expect(unbound.status?.message).toContain('older than ModelDeployment churn');
});

test('a lost status of an undo is derived again, an ended one’s too', async () => {
  const active = await undo('u1');
  world.cluster.merge('ModelRollback', 'u1', { status: null });
  await world.reconcile();
  expect(get('u1').status).toMatchObject({
    state: 'Active',
    toRevision: first,
    fromRevision: active.status?.fromRevision,
  });
  await world.serve('3');
  world.cluster.merge('ModelRollback', 'u1', { status: null });
  await world.reconcile();
  expect(get('u1').status?.state).toBe('Superseded');
});

test('ended undos are kept up to the history limit, active ones always; what an active one leads to is never collected', async () => {
  world.changeSpec({ history: { limit: 1, warm: 0 } });
  await undo('keep', { toRevision: 1 });
  for (const name of ['bad-1', 'bad-2', 'bad-3']) await undo(name, { toRevision: 99 });
  expect(world.cluster.list({ kind: 'ModelRollback' }).map(({ metadata }) => metadata.name)).toEqual([
    'keep',
    'bad-3',
  ]);
  expect(world.revisions.map(({ metadata }) => metadata.name)).toContain(first);
});

test('revisions beyond the limit go, the oldest first', async () => {
  world.changeSpec({ history: { limit: 1, warm: 0 } });
  await world.serve('3');
  const fourth = await world.serve('4');
  world.now += 60_000;
  await world.reconcile();
  world.runPods();
  await world.reconcile();
  const left = world.revisions.map(({ metadata }) => metadata.name);
  expect(left).toHaveLength(2);
  expect(left).toContain(fourth);
  expect(left).not.toContain(first);
});
