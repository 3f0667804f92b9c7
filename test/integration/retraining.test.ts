import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LABEL } from '#contract/names.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import type { CronJob, Job } from '#operator/kube/index.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { OperatorRoom, type Space } from './operator-room.ts';

// Drift and retraining against a real API server, whose pods are only played: no pod answers, and Jobs end at once.

let room: OperatorRoom;
let space: Space;
let operator: { stop(): Promise<void> };
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
  room = await OperatorRoom.open(1);
  uri = await room.store.putBundle('linear/1/', linearBundle({ version: '1', weight: 1 }));
  space = await room.space('retraining');
  const restricted = 'pod-security.kubernetes.io/enforce=restricted';
  await room.plane.kubectl(['label', 'namespace', space.namespace, restricted]);
  operator = space.startOperator();
});
afterAll(async () => {
  await operator?.stop();
  await room?.close();
});

/** The ModelDeployment once it is as asked. */
async function until(
  what: string,
  accept: (status: NonNullable<ModelDeployment['status']>) => boolean,
): Promise<NonNullable<ModelDeployment['status']>> {
  const end = performance.now() + 40_000;
  for (;;) {
    const { status } = await space.get<ModelDeployment>('modeldeployment', 'churn');
    if (status !== undefined && accept(status)) return status;
    if (performance.now() > end) throw new Error(`not ${what}: ${JSON.stringify(status, undefined, 1)}`);
    await sleep(100);
  }
}

const RETRAINING = { schedule: '0 3 * * 0', timeZone: 'Europe/Berlin', onDrift: {}, job: JOB };

test('a CronJob holds the template, passes the restricted standard, and costs no write at rest', async () => {
  await space.deploy(uri, { drift: { window: '1m' }, retraining: RETRAINING });
  await until('serving', ({ conditions }) =>
    Boolean(conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'Serving')),
  );
  const { spec } = await space.get<CronJob>('cronjob', 'churn');
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
  const from = await space.now();
  await sleep(5_000);
  expect(await space.writesSince(from)).toBe(0);
});

test('a Job that kubectl makes of it runs, is told in the status, and is no repetition of one for drift', async () => {
  await space.kubectl('create', 'job', 'by-hand', '--from=cronjob/churn');
  const { retraining } = await until('retrained', (status) => status.retraining?.lastResult === 'Succeeded');
  expect(retraining).toMatchObject({ jobName: 'by-hand', reason: 'manual' });
  const job = await space.get<Job>('job', 'by-hand');
  expect(job.spec.podFailurePolicy).toMatchObject(NOT_TRIED_AGAIN);
  expect(job.metadata.labels?.[LABEL.modelDeployment]).toBe('churn');
  const events = await space.kubectl('get', 'events', '-o', 'jsonpath={.items[*].reason}');
  expect(events).toContain('RetrainingSucceeded');
  expect(events).not.toContain('FailedCreate');
});

test('a Job whose program finds no better model has failed at its first try, and says why', async () => {
  const asked = ['--from=cronjob/churn', '--dry-run=server', '-o', 'json'];
  const template = await space.kubectl('create', 'job', 'no-better', ...asked);
  const { metadata, spec } = JSON.parse(template) as Job;
  // On no node, so that its end is in this test's hand.
  const pod = { ...spec.template.spec, nodeSelector: { nowhere: 'true' } };
  const labels = spec.template.metadata?.labels ?? {};
  const own = Object.fromEntries(Object.entries(labels).filter(([name]) => name.startsWith('windlass.dev/')));
  await space.apply({
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
      template: { metadata: { labels: own }, spec: pod },
    },
  });
  const ofJob = ['get', 'pods', '-l', 'job-name=no-better', '-o', 'name'];
  await expect.poll(() => space.kubectl(...ofJob), { timeout: 20_000 }).toMatch(/^pod\/no-better-\w+\s*$/);
  const terminated = { exitCode: 3, reason: 'Error', message: 'auc is 0.83, and 0.85 serves.' };
  const ended = { name: 'train', image: JOB.image, imageID: '', ready: false, restartCount: 0 };
  const status = { phase: 'Failed', containerStatuses: [{ ...ended, state: { terminated } }] };
  const [name = ''] = (await space.kubectl(...ofJob)).trim().split('\n');
  await space.kubectl(
    'patch',
    name,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify({ status }),
  );
  const { retraining } = await until('failed', (known) => known.retraining?.lastResult === 'Failed');
  expect(retraining?.message).toBe(
    'The training program found no better model, exit code 3, and is not tried again: auc is 0.83, and 0.85 serves. See kubectl logs job/no-better.',
  );
  expect((await space.get<Job>('job', 'no-better')).status?.failed).toBe(1);
});

test('a change of the spec reaches the template, and what was taken out of it goes', async () => {
  const { env: _, resources: __, ...less } = JOB;
  await space.deploy(uri, {
    drift: { window: '1m' },
    retraining: { ...RETRAINING, schedule: '@daily', job: less },
  });
  await expect
    .poll(async () => (await space.get<CronJob>('cronjob', 'churn')).spec.schedule, { timeout: 20_000 })
    .toBe('@daily');
  const { spec } = await space.get<CronJob>('cronjob', 'churn');
  const [container] = spec.jobTemplate.spec.template.spec.containers;
  expect(container?.env?.map(({ name }) => name)).not.toContain('DATA');
  expect(container?.resources).toEqual({});
});

test('a schedule that no API server takes is told with its words, and what serves, serves', async () => {
  await space.deploy(uri, {
    drift: { window: '1m' },
    retraining: { ...RETRAINING, schedule: '30-10 3 * * 0' },
  });
  const status = await until('refused', ({ conditions }) =>
    Boolean(conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'Refused')),
  );
  const message = (type: string) => status.conditions?.find((each) => each.type === type);
  expect(message('Ready')?.message).toContain('CronJob churn');
  expect(message('Available')?.status).toBe('True');
});

test('retraining that is taken out of the spec leaves nothing', async () => {
  await space.deploy(uri, { drift: { window: '1m' }, retraining: RETRAINING });
  await until('well again', ({ conditions }) =>
    Boolean(conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'Serving')),
  );
  await space.deploy(uri);
  await expect.poll(() => space.kubectl('get', 'cronjobs', '-o', 'name'), { timeout: 20_000 }).toBe('');
  const { conditions, retraining } = await until(
    'without drift',
    (status) => !status.conditions?.some(({ type }) => type === 'Drifted'),
  );
  expect([conditions?.length, retraining]).toEqual([5, undefined]);
});
