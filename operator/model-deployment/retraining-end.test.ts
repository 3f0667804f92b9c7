import { describe, expect, it } from 'vitest';
import { LABEL } from '#contract/names.ts';
import type { Job, Pod } from '#operator/kube/index.ts';
import {
  HOUR,
  SPEC,
  told,
  jobsOf,
  cronJobOf,
  retrainingOf,
  onlyJob,
  drifting,
  ends,
} from './testing/retraining-scene.ts';

describe('a Job', () => {
  it.each([
    [
      'that misses its gate',
      'BackoffLimitExceeded',
      { exitCode: 1, message: 'weighted F1 is 0.71, the gate is 0.80' },
      'BackoffLimitExceeded: the training program ended with exit code 1: weighted F1 is 0.71, the gate is 0.80. See kubectl logs job/',
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
    ['that hangs', 'DeadlineExceeded', {}, 'It was not done within 7200 s and was ended. Raise'],
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

  it('whose time is up before its image came says what it waited for, and nothing of a cause that passed', async () => {
    const world = await drifting();
    await world.reconcile();
    const job = onlyJob(world);
    const pod = (waiting: { reason: string; message: string } | undefined): void => {
      world.cluster.put<Pod>({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          ...job.spec.template.metadata,
          name: 'train-1',
          namespace: 'models',
          ownerReferences: [
            {
              apiVersion: 'batch/v1',
              kind: 'Job',
              name: job.metadata.name,
              uid: job.metadata.uid ?? '',
              controller: true,
            },
          ],
        },
        spec: job.spec.template.spec,
        status: {
          phase: 'Pending',
          containerStatuses: [
            {
              name: 'train',
              restartCount: 0,
              ready: waiting === undefined,
              state: waiting === undefined ? { running: {} } : { waiting },
            },
          ],
        },
      });
    };
    pod({ reason: 'ImagePullBackOff', message: 'no such host' });
    await world.reconcile();
    expect(retrainingOf(world)?.message).toContain('no such host');
    pod(undefined);
    await world.reconcile();
    expect(retrainingOf(world)?.message).toBeUndefined();
    pod({ reason: 'ImagePullBackOff', message: 'no such host' });
    await world.reconcile();
    world.cluster.remove('Pod', 'train-1');
    await world.reconcile();
    ends(world, onlyJob(world), 'Failed', { reason: 'DeadlineExceeded' });
    await world.reconcile();
    expect(retrainingOf(world)?.message).toMatch(/not done within 7200 s .* waiting: .*no such host/);
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
