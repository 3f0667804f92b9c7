import { describe, expect, it } from 'vitest';
import { sha256 } from '#contract/canonical.ts';
import { CRON_JOB } from '#operator/kube/index.ts';
import { rollback } from './testing/fixtures.ts';
import { SPEC, jobsOf, cronJobOf, retrainingOf, drifting } from './testing/retraining-scene.ts';
import { World } from './testing/world.ts';

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
