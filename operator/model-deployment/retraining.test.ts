import { describe, expect, it } from 'vitest';
import { sha256 } from '#contract/canonical.ts';
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
import { World } from './testing/world.ts';

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
