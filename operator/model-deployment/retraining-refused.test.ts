import { describe, expect, it } from 'vitest';
import { CRON_JOB, JOB, KubeError, type CronJob, type Kube } from '#operator/kube/index.ts';
import { World } from './testing/world.ts';

const HOUR = 3_600_000;
const JOB_SETTINGS = { image: 'train:1' };
const DRIFTING = {
  drift: {},
  retraining: { schedule: '0 3 * * 0', onDrift: { cooldown: '24h' }, job: JOB_SETTINGS },
};
/** From high to low: no pattern refuses it. */
const NO_SCHEDULE = '0 30-10 * * *';

function cronJobOf(world: World): CronJob {
  const [cronJob] = world.cluster.list(CRON_JOB);
  if (cronJob === undefined) throw new Error('there is no CronJob');
  return cronJob;
}
const running = (world: World) =>
  world.cluster.list(JOB).filter(({ status }) => status?.conditions === undefined);

/** An API server that takes no change that has another schedule. */
function strict({ kube }: World['cluster']): Kube {
  return {
    ...kube,
    patch: async (type, ref, patch, options) =>
      type.kind === 'CronJob' && JSON.stringify(patch).includes(NO_SCHEDULE)
        ? Promise.reject(new KubeError('invalid', `spec.schedule: Invalid value: "${NO_SCHEDULE}"`))
        : kube.patch(type, ref, patch, options),
  };
}

async function reconcile(world: World): Promise<void> {
  for (let i = 0; i < 5; i += 1) {
    if ((await world.carryOutWith(world.plan(), strict(world.cluster))) === 'done') return;
  }
  throw new Error('every plan is obstructed anew');
}

async function drifting(): Promise<World> {
  const world = new World(DRIFTING);
  const revision = await world.serve('1');
  const features = [{ name: 'Age', psi: 2, limit: 0.2, state: 'drifted' as const }];
  world.drift = { is: 'measured', revision, complete: true, leftOut: 0, features };
  world.changeSpec({ retraining: { schedule: NO_SCHEDULE } });
  world.now += 30_000;
  return world;
}

describe('a CronJob that the API server refuses', () => {
  it('is told by Ready, tried again after a while, and keeps nothing else from being done', async () => {
    const world = new World(DRIFTING);
    await world.serve('1');
    world.changeSpec({ retraining: { schedule: NO_SCHEDULE } });
    const kube = strict(world.cluster);
    expect(await world.carryOutWith(world.plan(), kube)).toBe('obstructed');
    expect(await world.carryOutWith(world.plan(), kube)).toBe('done');
    const ready = world.modelDeployment.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject({ reason: 'Refused' });
    expect(ready?.message).toContain('spec.schedule: Invalid value');
    expect(world.plan().actions).toEqual([]);
    world.changeSpec({ retraining: { schedule: '0 3 * * 0' } });
    world.now += 31_000;
    await world.reconcile();
    await world.reconcile();
    expect(cronJobOf(world).spec.schedule).toBe('0 3 * * 0');
    expect(world.modelDeployment.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe(
      'True',
    );
  });

  it('remembers what began all the same: one Job for each cooldown, the others held back meanwhile', async () => {
    const world = await drifting();
    await reconcile(world);
    const [first, ...none] = running(world);
    expect([first?.metadata.name, none]).toEqual([expect.stringContaining('-retrain-'), []]);
    world.now += 31_000;
    await reconcile(world);
    expect(cronJobOf(world).metadata.annotations?.['windlass.dev/retraining']).toContain(
      first?.metadata.name ?? 'none',
    );
    expect(cronJobOf(world).spec).toMatchObject({ suspend: true, schedule: '0 3 * * 0' });
    if (first !== undefined)
      world.cluster.put({ ...first, status: { conditions: [{ type: 'Complete', status: 'True' }] } });
    world.now += 31_000;
    await reconcile(world);
    expect(cronJobOf(world).spec.suspend).toBe(false);
  });

  it('and whose memory is older than the status does not bring the cooldown back', async () => {
    const world = await drifting();
    await reconcile(world);
    const [job] = running(world);
    if (job === undefined) throw new Error('none runs');
    world.cluster.put({ ...job, status: { conditions: [{ type: 'Complete', status: 'True' }] } });
    await reconcile(world);
    world.cluster.remove('Job', job.metadata.name);
    const old = JSON.stringify({ jobName: 'churn-retrain-old', startedAt: world.now - 48 * HOUR });
    world.cluster.merge('CronJob', 'churn', {
      metadata: { annotations: { 'windlass.dev/retraining': old } },
    });
    await reconcile(world);
    expect(world.cluster.list(JOB)).toEqual([]);
  });

  it('does not let a template without a time run once a year', async () => {
    const world = new World({ retraining: { job: JOB_SETTINGS } });
    await world.serve('1');
    world.changeSpec({ retraining: { schedule: NO_SCHEDULE } });
    await reconcile(world);
    expect(cronJobOf(world).spec.suspend).toBe(true);
    world.changeSpec({ retraining: { schedule: '0 3 * * 0' } });
    world.now += 31_000;
    await reconcile(world);
    expect(cronJobOf(world).spec).toMatchObject({ suspend: false, schedule: '0 3 * * 0' });
    expect(world.plan().actions).toEqual([]);
  });
});
