import { describe, expect, it } from 'vitest';
import { LABEL } from '#contract/names.ts';
import { modelDeploymentSpecSchema } from '#operator/api/model-deployment.ts';
import { retrainingStatusSchema } from '#operator/api/retraining-settings.ts';
import type { CronJob } from '#operator/kube/index.ts';
import { EXIT } from '../exit.ts';
import { renderTree } from '../status/tree.ts';
import { statusView } from '../status/view.ts';
import { condition, deployment, NOW } from '../testing.ts';
import { foreign, manualJob, refusal } from './job.ts';

const cronJob: CronJob = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'bankchurn', namespace: 'churn', uid: 'cron-1' },
  spec: {
    schedule: '0 0 1 1 *',
    suspend: true,
    jobTemplate: {
      metadata: { labels: { [LABEL.modelDeployment]: 'bankchurn', [LABEL.retraining]: 'schedule' } },
      spec: {
        backoffLimit: 1,
        template: {
          spec: {
            containers: [
              {
                name: 'train',
                image: 'train:1',
                env: [
                  { name: 'DATA', value: 's3://data/' },
                  { name: 'WINDLASS_REASON', value: 'schedule' },
                ],
              },
            ],
          },
        },
      },
    },
  },
};

const running = retrainingStatusSchema.parse({
  jobName: 'bankchurn-retrain-0123456789',
  reason: 'drift',
  lastStarted: '2026-03-01T11:50:00Z',
  lastResult: 'Running',
});
const asked = {
  ...deployment(),
  spec: modelDeploymentSpecSchema.parse({
    model: { uri: 's3://models/bankchurn/2/' },
    retraining: { job: { image: 'train:1' } },
  }),
};

describe('a Job by hand', () => {
  it('is the CronJob’s template, owned by it, and says that a person asked', () => {
    const job = manualJob(cronJob, 'abcd1234');
    expect(job).toMatchObject({
      metadata: {
        name: 'bankchurn-retrain-abcd1234',
        labels: { [LABEL.modelDeployment]: 'bankchurn', [LABEL.retraining]: 'manual' },
        annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
        ownerReferences: [{ kind: 'CronJob', uid: 'cron-1', controller: true }],
      },
      spec: { backoffLimit: 1 },
    });
    expect(job.spec.template.spec.containers[0]?.env).toEqual([
      { name: 'DATA', value: 's3://data/' },
      { name: 'WINDLASS_REASON', value: 'manual' },
    ]);
  });

  it('of a long name keeps to what a label may have', () => {
    const long = { ...cronJob, metadata: { ...cronJob.metadata, name: 'n'.repeat(52) } };
    expect(manualJob(long, 'abcd1234').metadata.name).toHaveLength(63);
  });

  it('is made of the CronJob alone that the ModelDeployment controls', () => {
    const owned = (uid: string, controller = true): CronJob => ({
      ...cronJob,
      metadata: {
        ...cronJob.metadata,
        ownerReferences: [
          {
            apiVersion: 'windlass.dev/v1alpha1',
            kind: 'ModelDeployment',
            name: 'bankchurn',
            uid,
            controller,
          },
        ],
      },
    });
    expect(foreign(owned('md-uid'), asked)).toBeUndefined();
    expect(foreign(cronJob, asked)?.message).toContain('it belongs to nobody');
    expect(foreign(owned('md-uid', false), asked)?.message).toContain('it belongs to nobody');
    expect(foreign(owned('another'), asked)?.message).toContain('ModelDeployment bankchurn (another)');
  });

  it('is refused where nothing says how to train, and beside another one unless that is wanted', () => {
    expect(refusal(deployment(), false)).toMatchObject({
      message: expect.stringContaining('no spec.retraining') as string,
      exitCode: EXIT.usage,
    });
    expect(refusal(asked, false)).toBeUndefined();
    const busy = { ...asked, status: { retraining: running } };
    expect(refusal(busy, false)).toMatchObject({
      message: expect.stringContaining('bankchurn-retrain-0123456789') as string,
      exitCode: EXIT.usage,
    });
    expect(refusal(busy, true)).toBeUndefined();
  });
});

describe('the status of a ModelDeployment', () => {
  const treeOf = (status: object): string =>
    renderTree(statusView({ deployment: deployment(status), revisions: [], rollbacks: [], pods: [] }), {
      now: NOW,
    });

  it('shows drift and the last retraining', () => {
    const text = treeOf({
      conditions: [
        condition('Ready', 'True'),
        condition('Drifted', 'True', 'Drifted', '1 of 11 have drifted: Age (PSI 2.31).'),
      ],
      retraining: { ...running, lastResult: 'Failed', message: 'exit code 3' },
    });
    expect(text).toContain('drift: drifted. 1 of 11 have drifted: Age (PSI 2.31).');
    expect(text).toContain(
      'retraining: failed, Job bankchurn-retrain-0123456789 (drift), begun 10m ago. exit code 3',
    );
  });

  it('says nothing of them where nobody asked for any', () => {
    expect(treeOf({ conditions: [condition('Ready', 'True')] })).not.toMatch(/drift|retrain/);
  });
});
