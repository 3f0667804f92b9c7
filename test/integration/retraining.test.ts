import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { API_VERSION, LABEL } from '#contract/names.ts';
import { parseFlags } from '#operator/flags.ts';
import { modelDeploymentReconcile } from '#operator/model-deployments.ts';
import { runOperator } from '#operator/run.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import type { CronJob, Job, KubeObject } from '#operator/kube/index.ts';
import { Store } from '#test/bed/store.ts';
import { startControlPlane, type ControlPlane } from '#test/cluster/control-plane.ts';
import { startMinio, type Minio } from '#test/cluster/minio.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { endOf, operatorWrites } from '#bench/foundation/audit.ts';
import { quiet } from './kube-room.ts';

// Drift and retraining against a real API server, whose pods are only played: no pod answers, and Jobs end at once.

const NAMESPACE = 'retraining';
let plane: ControlPlane;
let minio: Minio;
let stop: () => Promise<void>;
let uri: string;

const JOB = {
  image: 'registry.example/train:1',
  command: ['windlass-train'],
  args: ['train', 'bankchurn'],
  env: [
    { name: 'DATA', value: 's3://data/' },
    { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'mlflow', key: 'token' } } },
  ],
  envFrom: [{ secretRef: { name: 's3' } }],
  resources: { requests: { cpu: '1000m', memory: '1024Mi' }, limits: { cpu: 2, memory: '2Gi' } },
  timeout: '90m',
};

/** A program that finds no better model says so with exit status 3. */
const NOT_TRIED_AGAIN = {
  rules: [{ action: 'FailJob', onExitCodes: { containerName: 'train', operator: 'In', values: [3] } }],
};

beforeAll(async () => {
  [plane, minio] = await Promise.all([startControlPlane({ kwokNodes: 1, audit: true }), startMinio()]);
  const store = new Store(minio, 'models');
  await store.create();
  uri = await store.putBundle('linear/1/', linearBundle({ version: '1', weight: 1 }));
  store.close();
  await plane.kubectl(['apply', '-k', fileURLToPath(new URL('../../crds', import.meta.url))]);
  await plane.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  await plane.kubectl(['create', 'namespace', NAMESPACE]);
  const restricted = 'pod-security.kubernetes.io/enforce=restricted';
  await plane.kubectl(['label', 'namespace', NAMESPACE, restricted]);
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
  stop = startOperator();
});
afterAll(async () => {
  await stop?.();
  await minio?.stop();
  await plane?.stop();
});

function startOperator(): () => Promise<void> {
  const args = [
    `--kubeconfig=${plane.kubeconfig}`,
    '--runtime-image=registry.example/runtime:1',
    `--namespaces=${NAMESPACE}`,
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
  return async () => {
    stopping.abort();
    await ended;
  };
}

async function apply(object: KubeObject & Readonly<Record<string, unknown>>): Promise<void> {
  const metadata = { ...object.metadata, namespace: NAMESPACE };
  await plane.kubectl(
    ['apply', '--server-side', '--force-conflicts', '-f', '-'],
    JSON.stringify({ ...object, metadata }),
  );
}

async function deploy(more: object): Promise<void> {
  await apply({
    apiVersion: API_VERSION,
    kind: 'ModelDeployment',
    metadata: { name: 'churn' },
    spec: { model: { uri, credentials: { secretName: 's3' } }, ...more },
  });
}

async function get<T extends KubeObject>(kind: string, name: string): Promise<T> {
  return JSON.parse(await plane.kubectl(['get', kind, name, '-n', NAMESPACE, '-o', 'json'])) as T;
}

/** The ModelDeployment once it is as asked. */
async function until(
  what: string,
  accept: (status: NonNullable<ModelDeployment['status']>) => boolean,
): Promise<NonNullable<ModelDeployment['status']>> {
  const end = performance.now() + 40_000;
  for (;;) {
    const { status } = await get<ModelDeployment>('modeldeployment', 'churn');
    if (status !== undefined && accept(status)) return status;
    if (performance.now() > end) throw new Error(`not ${what}: ${JSON.stringify(status, undefined, 1)}`);
    await sleep(100);
  }
}

const RETRAINING = { schedule: '0 3 * * 0', timeZone: 'Europe/Berlin', onDrift: {}, job: JOB };

test('a CronJob holds the template, passes the restricted standard, and costs no write at rest', async () => {
  await deploy({ drift: { window: '1m' }, retraining: RETRAINING });
  await until('serving', ({ conditions }) =>
    Boolean(conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'Serving')),
  );
  const { spec } = await get<CronJob>('cronjob', 'churn');
  expect(spec).toMatchObject({
    schedule: '0 3 * * 0',
    timeZone: 'Europe/Berlin',
    suspend: false,
    concurrencyPolicy: 'Forbid',
    jobTemplate: {
      spec: { activeDeadlineSeconds: 5400, backoffLimit: 1, podFailurePolicy: NOT_TRIED_AGAIN },
    },
  });
  const silent = await until('unreachable', ({ conditions }) =>
    Boolean(conditions?.some(({ type, reason }) => type === 'Drifted' && reason === 'PodsUnreachable')),
  );
  expect(silent.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
  await sleep(6_000);
  const log = plane.auditLog ?? '';
  const from = await endOf(log);
  await sleep(7_000);
  expect(await operatorWrites(log, from)).toEqual(new Map());
});

test('a Job that kubectl makes of it runs, is told in the status, and is no repetition of one for drift', async () => {
  await plane.kubectl(['create', 'job', 'by-hand', '--from=cronjob/churn', '-n', NAMESPACE]);
  const { retraining } = await until('retrained', (status) => status.retraining?.lastResult === 'Succeeded');
  expect(retraining).toMatchObject({ jobName: 'by-hand', reason: 'manual' });
  const job = await get<Job>('job', 'by-hand');
  expect(job.spec.podFailurePolicy).toMatchObject(NOT_TRIED_AGAIN);
  expect(job.metadata.labels?.[LABEL.modelDeployment]).toBe('churn');
  const events = await plane.kubectl(['get', 'events', '-n', NAMESPACE, '-o', 'jsonpath={.items[*].reason}']);
  expect(events).toContain('RetrainingSucceeded');
  expect(events).not.toContain('FailedCreate');
});

test('a Job whose program finds no better model has failed at its first try, and says why', async () => {
  const template = await plane.kubectl([
    'create',
    'job',
    'no-better',
    '--from=cronjob/churn',
    '-n',
    NAMESPACE,
    '--dry-run=server',
    '-o',
    'json',
  ]);
  const { metadata, spec } = JSON.parse(template) as Job;
  // On no node, so that its end is in this test's hand.
  const pod = { ...spec.template.spec, nodeSelector: { nowhere: 'true' } };
  const labels = spec.template.metadata?.labels ?? {};
  const asked = Object.fromEntries(
    Object.entries(labels).filter(([name]) => name.startsWith('windlass.dev/')),
  );
  await apply({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: 'no-better',
      labels: metadata.labels ?? {},
      annotations: metadata.annotations ?? {},
      ownerReferences: metadata.ownerReferences ?? [],
    },
    spec: {
      backoffLimit: spec.backoffLimit,
      podReplacementPolicy: spec.podReplacementPolicy,
      podFailurePolicy: spec.podFailurePolicy,
      template: { metadata: { labels: asked }, spec: pod },
    },
  });
  const ofJob = ['get', 'pods', '-n', NAMESPACE, '-l', 'job-name=no-better', '-o', 'name'];
  await expect.poll(() => plane.kubectl(ofJob), { timeout: 20_000 }).toMatch(/^pod\/no-better-\w+\s*$/);
  const terminated = { exitCode: 3, reason: 'Error', message: 'auc is 0.83, and 0.85 serves.' };
  const ended = { name: 'train', image: JOB.image, imageID: '', ready: false, restartCount: 0 };
  const status = { phase: 'Failed', containerStatuses: [{ ...ended, state: { terminated } }] };
  const [name = ''] = (await plane.kubectl(ofJob)).trim().split('\n');
  await plane.kubectl([
    'patch',
    name,
    '-n',
    NAMESPACE,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify({ status }),
  ]);
  const { retraining } = await until('failed', (known) => known.retraining?.lastResult === 'Failed');
  expect(retraining?.message).toBe(
    'The training program found no better model, exit code 3, and is not tried again: auc is 0.83, and 0.85 serves. See kubectl logs job/no-better.',
  );
  expect((await get<Job>('job', 'no-better')).status?.failed).toBe(1);
});

test('a change of the spec reaches the template, and what was taken out of it goes', async () => {
  const { env: _, resources: __, ...less } = JOB;
  await deploy({ drift: { window: '1m' }, retraining: { ...RETRAINING, schedule: '@daily', job: less } });
  await expect
    .poll(async () => (await get<CronJob>('cronjob', 'churn')).spec.schedule, { timeout: 20_000 })
    .toBe('@daily');
  const { spec } = await get<CronJob>('cronjob', 'churn');
  const [container] = spec.jobTemplate.spec.template.spec.containers;
  expect(container?.env?.map(({ name }) => name)).not.toContain('DATA');
  expect(container?.resources).toEqual({});
});

test('a schedule that no API server takes is told with its words, and what serves, serves', async () => {
  await deploy({ drift: { window: '1m' }, retraining: { ...RETRAINING, schedule: '30-10 3 * * 0' } });
  const status = await until('refused', ({ conditions }) =>
    Boolean(conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'Refused')),
  );
  const message = (type: string) => status.conditions?.find((each) => each.type === type);
  expect(message('Ready')?.message).toContain('CronJob churn');
  expect(message('Available')?.status).toBe('True');
});

test('retraining that is taken out of the spec leaves nothing', async () => {
  await deploy({ drift: { window: '1m' }, retraining: RETRAINING });
  await until('well again', ({ conditions }) =>
    Boolean(conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'Serving')),
  );
  await deploy({});
  await expect
    .poll(() => plane.kubectl(['get', 'cronjobs', '-n', NAMESPACE, '-o', 'name']), { timeout: 20_000 })
    .toBe('');
  const { conditions, retraining } = await until(
    'without drift',
    (status) => !status.conditions?.some(({ type }) => type === 'Drifted'),
  );
  expect([conditions?.length, retraining]).toEqual([5, undefined]);
});
