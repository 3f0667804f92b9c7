import { describe, expect, it } from 'vitest';
import { sha256 } from '#contract/canonical.ts';
import { LABEL } from '#contract/names.ts';
import { CRON_JOB, JOB, type CronJob, type Job, type Pod } from '#operator/kube/index.ts';
import type { Plan } from './action.ts';
import { pod, rollback } from './testing/fixtures.ts';
import { World } from './testing/world.ts';

const HOUR = 3_600_000;
const SPEC = {
  drift: {},
  retraining: {
    schedule: '0 3 * * 0',
    onDrift: { cooldown: '24h' },
    job: { image: 'train:1', args: ['train', 'bankchurn'], env: [{ name: 'DATA', value: 's3://data/' }] },
  },
};

const told = ({ events }: Plan): readonly string[] => events.map(({ reason }) => reason);
const jobsOf = (world: World): readonly Job[] => world.cluster.list(JOB);
const cronJobOf = (world: World): CronJob => {
  const [cronJob] = world.cluster.list(CRON_JOB);
  if (cronJob === undefined) throw new Error('there is no CronJob');
  return cronJob;
};
const retrainingOf = (world: World) => world.modelDeployment.status?.retraining;
function onlyJob(world: World): Job {
  const [job, ...more] = jobsOf(world);
  if (job === undefined || more.length > 0) throw new Error(`${more.length + (job ? 1 : 0)} Jobs`);
  return job;
}

async function drifting(spec: object = SPEC): Promise<World> {
  const world = new World(spec);
  const revision = await world.serve('1');
  const features = ['Age', 'Balance'].map((name) => ({
    name,
    psi: 2,
    limit: 0.2,
    state: 'drifted' as const,
  }));
  world.drift = { is: 'measured', revision, complete: true, leftOut: 0, features };
  world.now += 30_000;
  return world;
}

function ends(
  world: World,
  job: Job,
  type: 'Complete' | 'Failed',
  { reason, exitCode, message }: { reason?: string; exitCode?: number; message?: string } = {},
): void {
  if (exitCode !== undefined) {
    const terminated = { exitCode, ...(message === undefined ? {} : { message }) };
    const made = pod('', `${job.metadata.name}-x`, { main: { name: 'train', state: { terminated } } });
    const ownerReferences = [
      {
        apiVersion: 'batch/v1',
        kind: 'Job',
        name: job.metadata.name,
        uid: job.metadata.uid ?? '',
        controller: true,
      },
    ];
    const labels = { [LABEL.modelDeployment]: 'churn', [LABEL.retraining]: 'drift' };
    const own: Pod = {
      ...made,
      metadata: { ...made.metadata, labels, ownerReferences },
      status: { ...made.status, phase: exitCode === 0 ? 'Succeeded' : 'Failed' },
    };
    world.cluster.put(own);
  }
  const condition = { type, status: 'True' as const, ...(reason === undefined ? {} : { reason }) };
  world.cluster.put({ ...job, status: { conditions: [condition] } });
}

describe('retraining for drift', () => {
  it('starts one Job, which is told why, and tells of it once', async () => {
    const world = await drifting();
    const first = await world.reconcile();
    expect(told(first)).toEqual(['DriftDetected', 'RetrainingStarted']);
    const job = onlyJob(world);
    const [container] = job.spec.template.spec.containers;
    expect(container).toMatchObject({ image: 'train:1', args: ['train', 'bankchurn'] });
    expect(Object.fromEntries(container?.env?.map(({ name, value }) => [name, value]) ?? [])).toEqual({
      DATA: 's3://data/',
      HOME: '/tmp',
      WINDLASS_MODEL_DEPLOYMENT: 'churn',
      WINDLASS_NAMESPACE: 'models',
      WINDLASS_REASON: 'drift',
      WINDLASS_MODEL_URI: 's3://models/churn/1/',
      WINDLASS_STABLE_REVISION: world.selected,
      WINDLASS_STABLE_VERSION: '1',
      WINDLASS_STABLE_URI: 's3://models/churn/1/',
      WINDLASS_STABLE_MANIFEST_SHA256: sha256('1'),
      WINDLASS_STABLE_VERSION_IDS: '',
      WINDLASS_DRIFTED_FEATURES: 'Age,Balance',
    });
    expect(job.spec).toMatchObject({ backoffLimit: 1, activeDeadlineSeconds: 7200 });
    expect(retrainingOf(world)).toMatchObject({
      jobName: job.metadata.name,
      reason: 'drift',
      lastResult: 'Running',
    });
    expect(world.plan().actions).toEqual([]);
    world.now += 48 * HOUR;
    expect(told(await world.reconcile())).toEqual([]);
    expect(jobsOf(world)).toHaveLength(1);
  });

  it('holds the schedule back while it runs, and lets it go on after it', async () => {
    const world = await drifting();
    expect(cronJobOf(world).spec).toMatchObject({ suspend: false, concurrencyPolicy: 'Forbid' });
    await world.reconcile();
    expect(cronJobOf(world).spec.suspend).toBe(true);
    ends(world, onlyJob(world), 'Complete');
    await world.reconcile();
    expect(cronJobOf(world).spec.suspend).toBe(false);
  });

  it('waits for the cooldown after any retraining, and then starts another one', async () => {
    const world = await drifting();
    await world.reconcile();
    ends(world, onlyJob(world), 'Complete', { exitCode: 0, message: 'pushed version 2' });
    const end = await world.reconcile();
    expect(told(end)).toEqual(['RetrainingSucceeded']);
    expect(retrainingOf(world)).toMatchObject({ lastResult: 'Succeeded', message: 'pushed version 2' });
    expect(end.requeueAfterMs).toBeLessThanOrEqual(24 * HOUR);
    world.now += 23 * HOUR;
    await world.reconcile();
    expect(jobsOf(world)).toHaveLength(1);
    world.now += HOUR;
    await world.reconcile();
    expect(jobsOf(world)).toHaveLength(2);
  });

  it('does not begin while a candidate is on its way, which may be what was trained', async () => {
    const world = await drifting({ ...SPEC, rollout: { steps: [{ weight: 50 }] } });
    await world.offer('2');
    world.runPods({ ready: true });
    await world.reconcile();
    expect(jobsOf(world)).toEqual([]);
  });

  it.each([
    ['it is not asked for', { ...SPEC, retraining: { job: { image: 'train:1' } } }],
    ['the model is scaled to zero', { ...SPEC, replicas: 0 }],
  ])('does not begin where %s', async (_, spec) => {
    const world = new World(SPEC);
    const revision = await world.serve('1');
    world.drift = {
      is: 'measured',
      revision,
      complete: true,
      leftOut: 0,
      features: [{ name: 'Age', psi: 2, limit: 0.2, state: 'drifted' }],
    };
    world.changeSpec({ ...spec, retraining: { onDrift: null, ...spec.retraining } });
    await world.reconcile();
    expect(jobsOf(world)).toEqual([]);
  });

  it('goes on while an undo holds: what it pushes waits for its end', async () => {
    const world = await drifting();
    await world.serve('2');
    world.cluster.put({
      apiVersion: 'windlass.dev/v1alpha1',
      kind: 'ModelRollback',
      metadata: { name: 'undo', namespace: 'models' },
      spec: { modelDeployment: 'churn' },
    });
    await world.reconcile();
    await world.reconcile();
    const features = [{ name: 'Age', psi: 2, limit: 0.2, state: 'drifted' as const }];
    world.drift = { is: 'measured', revision: world.selected ?? '', complete: true, leftOut: 0, features };
    await world.reconcile();
    expect(jobsOf(world)).toHaveLength(1);
  });
});

describe('an operator that ends in the middle', () => {
  it('does not repeat a Job that it made and did not note', async () => {
    const world = await drifting();
    const plan = world.plan();
    const made = plan.actions.findIndex((action) => action.verb === 'create' && action.kind === 'Job');
    await world.carryOut(plan, made + 1);
    await world.reconcile();
    const job = onlyJob(world);
    ends(world, job, 'Complete');
    await world.reconcile();
    world.cluster.remove('Job', job.metadata.name);
    world.now += 23 * HOUR;
    await world.reconcile();
    expect(jobsOf(world)).toEqual([]);
  });

  it('does not forget the cooldown, though its Job and the CronJob were deleted', async () => {
    const world = await drifting();
    await world.reconcile();
    ends(world, onlyJob(world), 'Complete');
    await world.reconcile();
    world.cluster.remove('Job', onlyJob(world).metadata.name);
    world.cluster.remove('CronJob', 'churn');
    await world.reconcile();
    expect(jobsOf(world)).toEqual([]);
    expect(cronJobOf(world).metadata.annotations?.['windlass.dev/retraining']).toContain('-retrain-');
  });
});

describe('a Job', () => {
  it.each([
    [
      'that misses its gate',
      'BackoffLimitExceeded',
      { exitCode: 1, message: 'weighted F1 is 0.71, the gate is 0.80' },
      'BackoffLimitExceeded: the training program ended with exit code 1: weighted F1 is 0.71, the gate is 0.80 See kubectl logs job/',
    ],
    [
      'that trains a worse model',
      'PodFailurePolicy',
      { exitCode: 3, message: 'auc is 0.83, and 0.85 serves.' },
      'The training program found no better model, exit code 3, and is not tried again: auc is 0.83, and 0.85 serves. See kubectl logs job/',
    ],
    [
      'that trains a worse model, and whose pod is gone,',
      'PodFailurePolicy',
      {},
      'The training program found no better model, exit code 3, and is not tried again. See kubectl logs job/',
    ],
    ['that hangs', 'DeadlineExceeded', {}, 'It ran for more than 7200 s and was ended.'],
    ['that leaves no word', 'BackoffLimitExceeded', { exitCode: 1 }, 'exit code 1 and no message.'],
  ])('%s has failed, says why, and takes nothing away', async (_, reason, pods, message) => {
    const world = await drifting();
    await world.reconcile();
    const stable = world.selected;
    ends(world, onlyJob(world), 'Failed', { reason, ...pods });
    const plan = await world.reconcile();
    expect(told(plan)).toEqual(['RetrainingFailed']);
    expect(plan.events[0]).toMatchObject({
      type: 'Warning',
      news: { is: 'retraining', reason: 'drift', result: 'failed' },
    });
    expect(retrainingOf(world)?.message).toContain(message);
    expect(world.selected).toBe(stable);
    expect(world.plan().actions).toEqual([]);
  });

  it('that finds no better model is not tried again, whatever backoffLimit says', async () => {
    const world = await drifting();
    await world.reconcile();
    const rules = [
      { action: 'FailJob', onExitCodes: { containerName: 'train', operator: 'In', values: [3] } },
    ];
    for (const { template, podFailurePolicy } of [
      onlyJob(world).spec,
      cronJobOf(world).spec.jobTemplate.spec,
    ]) {
      expect(podFailurePolicy).toEqual({ rules });
      expect(template.spec.restartPolicy).toBe('Never');
      expect(template.spec.containers.map(({ name }) => name)).toEqual(['train']);
    }
  });

  it('that somebody deleted while it ran has failed', async () => {
    const world = await drifting();
    await world.reconcile();
    world.cluster.remove('Job', onlyJob(world).metadata.name);
    expect(told(await world.reconcile())).toEqual(['RetrainingFailed']);
    expect(retrainingOf(world)?.message).toContain('deleted');
  });

  it.each([
    ['the schedule', 'schedule', {}],
    ['a person', 'manual', { 'cronjob.kubernetes.io/instantiate': 'manual' }],
  ])('that %s made counts as well: no other begins beside it', async (_, reason, annotations) => {
    const world = await drifting();
    const cronJob = cronJobOf(world);
    world.cluster.put<Job>({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: 'churn-28000000',
        namespace: 'models',
        labels: cronJob.spec.jobTemplate.metadata?.labels ?? {},
        annotations,
        ownerReferences: [
          {
            apiVersion: 'batch/v1',
            kind: 'CronJob',
            name: 'churn',
            uid: cronJob.metadata.uid ?? '',
            controller: true,
          },
        ],
      },
      spec: cronJob.spec.jobTemplate.spec,
    });
    const plan = await world.reconcile();
    expect(told(plan)).toContain('RetrainingStarted');
    expect(retrainingOf(world)).toMatchObject({ jobName: 'churn-28000000', reason, lastResult: 'Running' });
    expect(jobsOf(world)).toHaveLength(1);
    expect(cronJobOf(world).spec.suspend).toBe(reason === 'manual');
  });

  it('of another’s that carries the label is no retraining', async () => {
    const world = await drifting({ ...SPEC, retraining: { ...SPEC.retraining, onDrift: undefined } });
    world.cluster.put<Job>({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'other', labels: { [LABEL.modelDeployment]: 'churn', [LABEL.retraining]: 'drift' } },
      spec: { template: { spec: { containers: [] } } },
    });
    await world.reconcile();
    expect(retrainingOf(world)).toBeUndefined();
  });

  it('that finished is kept for its log, and of many the newest three', async () => {
    const world = await drifting({
      ...SPEC,
      retraining: { ...SPEC.retraining, onDrift: { cooldown: '1h' } },
    });
    for (let i = 0; i < 5; i += 1) {
      await world.reconcile();
      const running = jobsOf(world).find(({ status }) => status?.conditions === undefined);
      if (running === undefined) throw new Error('none runs');
      ends(world, running, 'Complete');
      world.now += HOUR;
    }
    await world.reconcile();
    expect(jobsOf(world).filter(({ status }) => status?.conditions !== undefined)).toHaveLength(3);
  });
});

describe('the CronJob', () => {
  it('is there without a schedule too, suspended, as the template of a person’s Job', async () => {
    const world = new World({ retraining: { job: { image: 'train:1' } } });
    await world.serve('1');
    expect(cronJobOf(world).spec).toMatchObject({ suspend: true });
    expect(cronJobOf(world).spec.jobTemplate.spec.template.spec.containers[0]?.image).toBe('train:1');
  });

  it('follows the spec and the stable revision, and loses what the spec lost', async () => {
    const world = new World(SPEC);
    await world.serve('1');
    const variables = (): readonly (readonly [string, string | undefined])[] =>
      cronJobOf(world).spec.jobTemplate.spec.template.spec.containers[0]?.env?.map(
        ({ name, value }) => [name, value] as const,
      ) ?? [];
    expect(variables()).toContainEqual(['DATA', 's3://data/']);
    world.changeSpec({ retraining: { schedule: '@daily', job: { env: null } } });
    await world.serve('2');
    expect(cronJobOf(world).spec.schedule).toBe('@daily');
    expect(variables()).toContainEqual(['WINDLASS_STABLE_REVISION', world.selected]);
    expect(variables()).toContainEqual(['WINDLASS_STABLE_MANIFEST_SHA256', sha256('2')]);
    expect(variables().map(([name]) => name)).not.toContain('DATA');
    expect(world.plan().actions).toEqual([]);
  });

  it('names what an undo brought back, not what the URI leads to', async () => {
    const world = new World(SPEC);
    const first = await world.serve('1');
    await world.serve('2');
    world.cluster.put(rollback('undo'));
    await world.reconcile();
    expect(world.selected).toBe(first);
    const env = cronJobOf(world).spec.jobTemplate.spec.template.spec.containers[0]?.env;
    expect(env).toContainEqual({ name: 'WINDLASS_MODEL_URI', value: 's3://models/churn/2/' });
    expect(env).toContainEqual({ name: 'WINDLASS_STABLE_REVISION', value: first });
    expect(env).toContainEqual({ name: 'WINDLASS_STABLE_MANIFEST_SHA256', value: sha256('1') });
  });

  it('goes with the setting, and its Jobs with it', async () => {
    const world = await drifting();
    await world.reconcile();
    world.changeSpec({ retraining: null });
    await world.reconcile();
    expect([...jobsOf(world), ...world.cluster.list(CRON_JOB)]).toEqual([]);
    expect(retrainingOf(world)).toBeUndefined();
  });

  it('and its Job’s pods pass the restricted Pod Security Standard', async () => {
    const world = new World(SPEC);
    await world.serve('1');
    const { spec } = cronJobOf(world).spec.jobTemplate.spec.template;
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(spec.containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
  });
});
