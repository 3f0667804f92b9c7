import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { API_VERSION, LABEL } from '#contract/names.ts';
import { parseFlags } from '#operator/flags.ts';
import { modelDeploymentReconcile } from '#operator/model-deployments.ts';
import { runOperator } from '#operator/run.ts';
import type { ModelDeployment, ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import type { ConfigMap, Deployment, KubeObject, Pod, Service } from '#operator/kube/index.ts';
import { Store } from '#test/bed/store.ts';
import { startControlPlane, type ControlPlane } from '#test/cluster/control-plane.ts';
import { startMinio, type Minio } from '#test/cluster/minio.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { endOf, operatorWrites, total } from '#bench/foundation/audit.ts';
import { quiet } from './kube-room.ts';

let plane: ControlPlane;
let minio: Minio;
let store: Store;
let operator: { stop(): Promise<void> };
let uris: readonly string[];
let space = 0;
let namespace: string;

beforeAll(async () => {
  [plane, minio] = await Promise.all([startControlPlane({ kwokNodes: 2, audit: true }), startMinio()]);
  store = new Store(minio, 'models');
  await store.create();
  uris = await Promise.all(
    [1, 2, 3].map((weight) =>
      store.putBundle(`linear/${weight}/`, linearBundle({ version: String(weight), weight })),
    ),
  );
  await plane.kubectl(['apply', '-k', fileURLToPath(new URL('../../crds', import.meta.url))]);
  await plane.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
});
afterAll(async () => {
  await minio?.stop();
  await plane?.stop();
});
beforeEach(async () => {
  space += 1;
  namespace = `heart-${space}`;
  await plane.kubectl(['create', 'namespace', namespace]);
  await putSecret();
  operator = start('registry.example/runtime:1');
});
afterEach(async () => operator.stop());

async function putSecret(): Promise<void> {
  await apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's3' },
    stringData: {
      AWS_ACCESS_KEY_ID: minio.accessKey,
      AWS_SECRET_ACCESS_KEY: minio.secretKey,
      AWS_ENDPOINT_URL: minio.endpoint,
    },
  });
}

/** The operator in this process, over the real API server. */
function start(runtimeImage: string): { stop(): Promise<void> } {
  const args = [
    `--kubeconfig=${plane.kubeconfig}`,
    `--runtime-image=${runtimeImage}`,
    `--namespaces=${namespace}`,
    '--metrics-host=127.0.0.1',
    '--metrics-port=0',
    '--allow-loopback-endpoints',
  ];
  const parsed = parseFlags(args, {});
  if (parsed.kind !== 'run') throw new Error(JSON.stringify(parsed));
  const stopping = new AbortController();
  const ended = runOperator(
    { flags: parsed.flags, log: quiet, createReconcile: modelDeploymentReconcile },
    stopping.signal,
  );
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}

async function apply(object: KubeObject & Readonly<Record<string, unknown>>): Promise<void> {
  const metadata = { ...object.metadata, namespace };
  await plane.kubectl(
    ['apply', '--server-side', '--force-conflicts', '-f', '-'],
    JSON.stringify({ ...object, metadata }),
  );
}

async function deploy(version: 1 | 2 | 3, more: object = {}, name = 'churn'): Promise<void> {
  await apply({
    apiVersion: API_VERSION,
    kind: 'ModelDeployment',
    metadata: { name },
    spec: { model: { uri: uris[version - 1], credentials: { secretName: 's3' } }, replicas: 2, ...more },
  });
}

async function get<T extends KubeObject>(kind: string, name: string): Promise<T> {
  const found: unknown = JSON.parse(await plane.kubectl(['get', kind, name, '-n', namespace, '-o', 'json']));
  return found as T;
}

async function list<T extends KubeObject>(kind: string): Promise<readonly T[]> {
  const found: unknown = JSON.parse(await plane.kubectl(['get', kind, '-n', namespace, '-o', 'json']));
  return (found as { readonly items: readonly T[] }).items;
}

const condition = ({ status }: ModelDeployment, type: string) =>
  status?.conditions?.find((each) => each.type === type);

async function until(reason: string, name = 'churn', withinMs = 30_000): Promise<ModelDeployment> {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await get<ModelDeployment>('modeldeployment', name);
    const current = found.status?.observedGeneration === found.metadata.generation;
    if (current && condition(found, 'Ready')?.reason === reason) return found;
    if (performance.now() > end)
      throw new Error(`not ${reason}: ${JSON.stringify(found.status, undefined, 1)}`);
    await sleep(50);
  }
}

const podUids = async () => new Set((await list<Pod>('pods')).map(({ metadata }) => metadata.uid));

const selected = async (): Promise<string | undefined> =>
  (await get<Service>('service', 'churn')).spec.selector?.[LABEL.revision];

function auditLog(): string {
  if (plane.auditLog === undefined) throw new Error('no audit log');
  return plane.auditLog;
}

/** Writes of the operator since `from`; events and touched pods do not count. */
async function writesSince(from: number): Promise<number> {
  // The audit log is written in batches.
  await sleep(2_000);
  return total(await operatorWrites(auditLog(), from));
}

test('a first rollout, an update and an undo: few writes each, and none at rest', async () => {
  let from = await endOf(auditLog());
  await deploy(1);
  const first = await until('Serving');
  expect(first.status).toMatchObject({ revision: 1, replicas: 2, readyReplicas: 2, modelVersion: '1' });
  expect(await writesSince(from)).toBeLessThanOrEqual(12);

  from = await endOf(auditLog());
  await deploy(2);
  const second = await until('Serving');
  expect(second.status).toMatchObject({ revision: 2, modelVersion: '2' });
  expect(await selected()).toBe(second.status?.stableRevision);
  expect(await writesSince(from)).toBeLessThanOrEqual(12);

  await apply({
    apiVersion: API_VERSION,
    kind: 'ModelRollback',
    metadata: { name: 'undo' },
    spec: { modelDeployment: 'churn' },
  });
  const undone = await until('RolledBack');
  expect(undone.status).toMatchObject({ stableRevision: first.status?.stableRevision, revision: 3 });
  expect((await get<ModelRollback>('modelrollback', 'undo')).status?.state).toBe('Active');
  const revisions = await list<ModelRevision>('modelrevisions');
  expect(new Map(revisions.map(({ status }) => [status?.revision, status?.state]))).toEqual(
    new Map([
      [2, 'Warm'],
      [3, 'Stable'],
    ]),
  );

  await sleep(12_000);
  from = await endOf(auditLog());
  await sleep(5_000);
  expect(await writesSince(from)).toBe(0);
});

test('what the API server keeps of the children needs no second write, and its pods are as restricted as can be', async () => {
  await plane.kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted']);
  await deploy(1, { autoscaling: { minReplicas: 2, maxReplicas: 4, targetMemoryUtilizationPercentage: 80 } });
  const served = await until('Serving');
  const from = await endOf(auditLog());
  await plane.kubectl(['annotate', 'modeldeployment', 'churn', '-n', namespace, 'look=again']);
  expect(await writesSince(from)).toBe(0);
  const [deployment] = await list<Deployment>('deployments');
  expect(deployment?.metadata.name).toBe(served.status?.stableRevision);
  expect(deployment?.spec.template.spec.automountServiceAccountToken).toBe(false);
  const pods = await list<Pod>('pods');
  expect(pods).toHaveLength(2);
  const scale: unknown = JSON.parse(
    await plane.kubectl([
      'get',
      '--raw',
      `/apis/windlass.dev/v1alpha1/namespaces/${namespace}/modeldeployments/churn/scale`,
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
  await apply({
    apiVersion: API_VERSION,
    kind: 'ModelRollback',
    metadata: { name: 'undo' },
    spec: { modelDeployment: 'churn' },
  });
  const before = await until('RolledBack');
  await sleep(12_000);
  await operator.stop();
  const pods = await podUids();
  const from = await endOf(auditLog());
  operator = start('registry.example/runtime:2');
  await sleep(5_000);
  expect(await writesSince(from)).toBe(0);
  expect((await get<ModelDeployment>('modeldeployment', 'churn')).status).toEqual(before.status);
  expect(await podUids()).toEqual(pods);
});

test('a Service of that name that is not ours is named and left alone, until it is gone', async () => {
  await apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'churn' },
    spec: { selector: { app: 'theirs' }, ports: [{ port: 80 }] },
  });
  await deploy(1);
  const stuck = await until('ForeignObject');
  expect(condition(stuck, 'Ready')?.message).toContain(`Service ${namespace}/churn exists`);
  expect((await get<Service>('service', 'churn')).spec.selector).toEqual({ app: 'theirs' });
  await plane.kubectl(['delete', 'service', 'churn', '-n', namespace]);
  await until('Serving', 'churn', 45_000);
});

test('what a namespace’s quota refuses is told, and goes on once there is room', async () => {
  await plane.kubectl(['create', 'quota', 'tight', '-n', namespace, '--hard=pods=1']);
  await deploy(1);
  const stuck = await until('QuotaExceeded');
  expect(condition(stuck, 'Ready')?.message).toContain('exceeded quota: tight');
  await plane.kubectl(['delete', 'quota', 'tight', '-n', namespace]);
  await until('Serving', 'churn', 60_000);
});

test('every status lost, with the operator away, comes back as it was', async () => {
  await deploy(1);
  await until('Serving');
  await deploy(2);
  const before = await until('Serving');
  await operator.stop();
  for (const object of await list<KubeObject>('modeldeployments,modelrevisions')) {
    const { kind, metadata } = object;
    await plane.kubectl([
      'patch',
      kind,
      metadata.name,
      '-n',
      namespace,
      '--subresource=status',
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/status"}]',
    ]);
  }
  operator = start('registry.example/runtime:1');
  const after = await until('Serving');
  expect(after.status).toMatchObject({ stableRevision: before.status?.stableRevision, revision: 2 });
  await expect
    .poll(
      async () => new Set((await list<ModelRevision>('modelrevisions')).map(({ status }) => status?.state)),
      { timeout: 10_000 },
    )
    .toEqual(new Set(['Stable', 'Warm']));
});

test.each(['background', 'foreground'])('deleting in the %s leaves nothing behind', async (cascade) => {
  await deploy(1);
  await until('Serving');
  await plane.kubectl(['delete', 'modeldeployment', 'churn', '-n', namespace, `--cascade=${cascade}`]);
  const kinds = 'modelrevisions,deployments,services,configmaps,poddisruptionbudgets,pods';
  const left = async () =>
    (await list<ConfigMap>(kinds)).filter(
      ({ metadata }) => metadata.labels?.[LABEL.modelDeployment] === 'churn',
    );
  await expect.poll(left, { timeout: 30_000, interval: 250 }).toEqual([]);
});

test('made again at once under the same name, it serves as a new one, and an old undo is Invalid', async () => {
  await deploy(1);
  await until('Serving');
  await deploy(2);
  await until('Serving');
  await apply({
    apiVersion: API_VERSION,
    kind: 'ModelRollback',
    metadata: { name: 'old' },
    spec: { modelDeployment: 'churn' },
  });
  await until('RolledBack');
  await plane.kubectl(['delete', 'modeldeployment', 'churn', '-n', namespace, '--cascade=orphan']);
  for (const kind of ['service', 'configmap', 'deployment', 'modelrevision', 'poddisruptionbudget']) {
    await plane.kubectl(['delete', kind, '-n', namespace, '-l', `${LABEL.modelDeployment}=churn`]);
  }
  await sleep(1_100);
  await deploy(2);
  const served = await until('Serving', 'churn', 45_000);
  expect(served.status?.revision).toBe(1);
  const old = await get<ModelRollback>('modelrollback', 'old');
  expect(old.status?.state).toBe('Invalid');
  expect(old.status?.message).toContain('bound to an earlier ModelDeployment churn');
});

test('a Secret that comes later is found, and bytes that change behind a followed prefix are a new revision', async () => {
  await plane.kubectl(['delete', 'secret', 's3', '-n', namespace]);
  const uri = await store.putBundle(`${namespace}/`, linearBundle({ version: 'a', weight: 4 }));
  await deploy(1, { model: { uri, credentials: { secretName: 's3' }, refreshInterval: '1s' } });
  const denied = await until('AccessDenied');
  expect(condition(denied, 'Ready')?.message).toContain(`There is no Secret ${namespace}/s3`);
  await putSecret();
  const first = await until('Serving');
  expect(first.status?.modelVersion).toBe('a');
  await sleep(12_000);
  const from = await endOf(auditLog());
  await sleep(3_000);
  expect(await writesSince(from)).toBe(0);
  await store.putBundle(`${namespace}/`, linearBundle({ version: 'b', weight: 5 }));
  await expect
    .poll(async () => (await get<ModelDeployment>('modeldeployment', 'churn')).status?.modelVersion, {
      timeout: 20_000,
    })
    .toBe('b');
});
