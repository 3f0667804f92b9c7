import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { API_VERSION, LABEL } from '#contract/names.ts';
import type { ModelDeployment, ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import type { ConfigMap, Deployment, KubeObject, Pod, Service } from '#operator/kube/index.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { OperatorRoom, type Space } from './operator-room.ts';

let room: OperatorRoom;
let space: Space;
let operator: { stop(): Promise<void> };
let uris: readonly string[];
let spaces = 0;

beforeAll(async () => {
  room = await OperatorRoom.open(2);
  uris = await Promise.all(
    [1, 2, 3].map((weight) =>
      room.store.putBundle(`linear/${weight}/`, linearBundle({ version: String(weight), weight })),
    ),
  );
});
afterAll(() => room?.close());
beforeEach(async () => {
  spaces += 1;
  space = await room.space(`heart-${spaces}`);
  operator = space.startOperator();
});
afterEach(async () => operator.stop());

const deploy = (version: 1 | 2 | 3, more: object = {}, name = 'churn'): Promise<void> =>
  space.deploy(uris[version - 1] ?? '', { replicas: 2, ...more }, name);

const undo = (name: string): Promise<void> =>
  space.apply({
    apiVersion: API_VERSION,
    kind: 'ModelRollback',
    metadata: { name },
    spec: { modelDeployment: 'churn' },
  });

const condition = ({ status }: ModelDeployment, type: string) =>
  status?.conditions?.find((each) => each.type === type);

async function until(reason: string, name = 'churn', withinMs = 30_000): Promise<ModelDeployment> {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await space.get<ModelDeployment>('modeldeployment', name);
    const current = found.status?.observedGeneration === found.metadata.generation;
    if (current && condition(found, 'Ready')?.reason === reason) return found;
    if (performance.now() > end)
      throw new Error(`not ${reason}: ${JSON.stringify(found.status, undefined, 1)}`);
    await sleep(50);
  }
}

const podUids = async () => new Set((await space.list<Pod>('pods')).map(({ metadata }) => metadata.uid));

const selected = async (): Promise<string | undefined> =>
  (await space.get<Service>('service', 'churn')).spec.selector?.[LABEL.revision];

test('a first rollout, an update and an undo: few writes each, and none at rest', async () => {
  let from = await space.now();
  await deploy(1);
  const first = await until('Serving');
  expect(first.status).toMatchObject({ revision: 1, replicas: 2, readyReplicas: 2, modelVersion: '1' });
  expect(await space.writesSince(from)).toBeLessThanOrEqual(12);

  from = await space.now();
  await deploy(2);
  const second = await until('Serving');
  expect(second.status).toMatchObject({ revision: 2, modelVersion: '2' });
  expect(await selected()).toBe(second.status?.stableRevision);
  expect(await space.writesSince(from)).toBeLessThanOrEqual(12);

  await undo('undo');
  const undone = await until('RolledBack');
  expect(undone.status).toMatchObject({ stableRevision: first.status?.stableRevision, revision: 3 });
  expect((await space.get<ModelRollback>('modelrollback', 'undo')).status?.state).toBe('Active');
  const revisions = await space.list<ModelRevision>('modelrevisions');
  expect(new Map(revisions.map(({ status }) => [status?.revision, status?.state]))).toEqual(
    new Map([
      [2, 'Warm'],
      [3, 'Stable'],
    ]),
  );

  await sleep(12_000);
  from = await space.now();
  await sleep(5_000);
  expect(await space.writesSince(from)).toBe(0);
});

test('what the API server keeps of the children needs no second write, and its pods are as restricted as can be', async () => {
  await room.plane.kubectl([
    'label',
    'namespace',
    space.namespace,
    'pod-security.kubernetes.io/enforce=restricted',
  ]);
  await deploy(1, { autoscaling: { minReplicas: 2, maxReplicas: 4, targetMemoryUtilizationPercentage: 80 } });
  const served = await until('Serving');
  const from = await space.now();
  await space.kubectl('annotate', 'modeldeployment', 'churn', 'look=again');
  expect(await space.writesSince(from)).toBe(0);
  const [deployment] = await space.list<Deployment>('deployments');
  expect(deployment?.metadata.name).toBe(served.status?.stableRevision);
  expect(deployment?.spec.template.spec.automountServiceAccountToken).toBe(false);
  const pods = await space.list<Pod>('pods');
  expect(pods).toHaveLength(2);
  const scale: unknown = JSON.parse(
    await room.plane.kubectl([
      'get',
      '--raw',
      `/apis/windlass.dev/v1alpha1/namespaces/${space.namespace}/modeldeployments/churn/scale`,
    ]),
  );
  expect(scale).toMatchObject({
    spec: { replicas: 2 },
    status: { replicas: 2, selector: served.status?.selector },
  });
});

test('a newer operator with another default image writes nothing, and an undo stands', async () => {
  await deploy(1);
  await until('Serving');
  await deploy(2);
  await until('Serving');
  await undo('undo');
  const before = await until('RolledBack');
  await sleep(12_000);
  await operator.stop();
  const pods = await podUids();
  const from = await space.now();
  operator = space.startOperator('registry.example/runtime:2');
  await sleep(5_000);
  expect(await space.writesSince(from)).toBe(0);
  expect((await space.get<ModelDeployment>('modeldeployment', 'churn')).status).toEqual(before.status);
  expect(await podUids()).toEqual(pods);
});

test('a Service of that name that is not ours is named and left alone, until it is gone', async () => {
  await space.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'churn' },
    spec: { selector: { app: 'theirs' }, ports: [{ port: 80 }] },
  });
  await deploy(1);
  const stuck = await until('ForeignObject');
  expect(condition(stuck, 'Ready')?.message).toContain(`Service ${space.namespace}/churn exists`);
  expect((await space.get<Service>('service', 'churn')).spec.selector).toEqual({ app: 'theirs' });
  await space.kubectl('delete', 'service', 'churn');
  await until('Serving', 'churn', 45_000);
});

test('what a namespace’s quota refuses is told, and goes on once there is room', async () => {
  await space.kubectl('create', 'quota', 'tight', '--hard=pods=1');
  await deploy(1);
  const stuck = await until('QuotaExceeded');
  expect(condition(stuck, 'Ready')?.message).toContain('exceeded quota: tight');
  await space.kubectl('delete', 'quota', 'tight');
  await until('Serving', 'churn', 60_000);
});

test('every status lost, with the operator away, comes back as it was', async () => {
  await deploy(1);
  await until('Serving');
  await deploy(2);
  const before = await until('Serving');
  await operator.stop();
  for (const object of await space.list<KubeObject>('modeldeployments,modelrevisions')) {
    const { kind, metadata } = object;
    const remove = JSON.stringify([{ op: 'remove', path: '/status' }]);
    await space.kubectl('patch', kind, metadata.name, '--subresource=status', '--type=json', '-p', remove);
  }
  operator = space.startOperator();
  const after = await until('Serving');
  expect(after.status).toMatchObject({ stableRevision: before.status?.stableRevision, revision: 2 });
  await expect
    .poll(
      async () =>
        new Set((await space.list<ModelRevision>('modelrevisions')).map(({ status }) => status?.state)),
      { timeout: 10_000 },
    )
    .toEqual(new Set(['Stable', 'Warm']));
});

test.each(['background', 'foreground'])('deleting in the %s leaves nothing behind', async (cascade) => {
  await deploy(1);
  await until('Serving');
  await space.kubectl('delete', 'modeldeployment', 'churn', `--cascade=${cascade}`);
  const kinds = 'modelrevisions,deployments,services,configmaps,poddisruptionbudgets,pods';
  const left = async () =>
    (await space.list<ConfigMap>(kinds)).filter(
      ({ metadata }) => metadata.labels?.[LABEL.modelDeployment] === 'churn',
    );
  await expect.poll(left, { timeout: 30_000, interval: 250 }).toEqual([]);
});

test('made again at once under the same name, it serves as a new one, and an old undo is Invalid', async () => {
  await deploy(1);
  await until('Serving');
  await deploy(2);
  await until('Serving');
  await undo('old');
  await until('RolledBack');
  await space.kubectl('delete', 'modeldeployment', 'churn', '--cascade=orphan');
  for (const kind of ['service', 'configmap', 'deployment', 'modelrevision', 'poddisruptionbudget']) {
    await space.kubectl('delete', kind, '-l', `${LABEL.modelDeployment}=churn`);
  }
  await sleep(1_100);
  await deploy(2);
  const served = await until('Serving', 'churn', 45_000);
  expect(served.status?.revision).toBe(1);
  const old = await space.get<ModelRollback>('modelrollback', 'old');
  expect(old.status?.state).toBe('Invalid');
  expect(old.status?.message).toContain('bound to an earlier ModelDeployment churn');
});

test('a Secret that comes later is found, and bytes that change behind a followed prefix are a new revision', async () => {
  await space.kubectl('delete', 'secret', 's3');
  const uri = await room.store.putBundle(`${space.namespace}/`, linearBundle({ version: 'a', weight: 4 }));
  await deploy(1, { model: { uri, credentials: { secretName: 's3' }, refreshInterval: '1s' } });
  const denied = await until('AccessDenied');
  expect(condition(denied, 'Ready')?.message).toContain(`There is no Secret ${space.namespace}/s3`);
  await space.putSecret();
  const first = await until('Serving');
  expect(first.status?.modelVersion).toBe('a');
  await sleep(12_000);
  const from = await space.now();
  await sleep(3_000);
  expect(await space.writesSince(from)).toBe(0);
  await room.store.putBundle(`${space.namespace}/`, linearBundle({ version: 'b', weight: 5 }));
  await expect
    .poll(async () => (await space.get<ModelDeployment>('modeldeployment', 'churn')).status?.modelVersion, {
      timeout: 20_000,
    })
    .toBe('b');
});
