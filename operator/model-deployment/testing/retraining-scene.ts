import { LABEL } from '#contract/names.ts';
import type { RetrainingStatus } from '#operator/api/retraining-settings.ts';
import { CRON_JOB, JOB, type CronJob, type Job, type Pod } from '#operator/kube/index.ts';
import type { Plan } from '../action.ts';
import { pod } from './fixtures.ts';
import { World } from './world.ts';

export const HOUR = 3_600_000;
export const SPEC = {
  drift: {},
  retraining: {
    schedule: '0 3 * * 0',
    onDrift: { cooldown: '24h' },
    job: { image: 'train:1', args: ['train', 'bankchurn'], env: [{ name: 'DATA', value: 's3://data/' }] },
  },
};

/** The reasons of a plan's events. */
export const told = ({ events }: Plan): readonly string[] => events.map(({ reason }) => reason);
export const jobsOf = (world: World): readonly Job[] => world.cluster.list(JOB);
export const cronJobOf = (world: World): CronJob => {
  const [cronJob] = world.cluster.list(CRON_JOB);
  if (cronJob === undefined) throw new Error('there is no CronJob');
  return cronJob;
};
export const retrainingOf = (world: World): RetrainingStatus | undefined =>
  world.modelDeployment.status?.retraining;
export function onlyJob(world: World): Job {
  const [job, ...more] = jobsOf(world);
  if (job === undefined || more.length > 0) throw new Error(`${more.length + (job ? 1 : 0)} Jobs`);
  return job;
}

export async function drifting(spec: object = SPEC): Promise<World> {
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

export function ends(
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
