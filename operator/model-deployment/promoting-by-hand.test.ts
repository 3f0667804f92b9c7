import { beforeEach, describe, expect, test } from 'vitest';
import { ANNOTATION } from '#contract/names.ts';
import { rollback } from './testing/fixtures.ts';
import { underLoad } from './testing/readings.ts';
import { MINUTE, RolloutScene, STEPS } from './testing/rollout-scene.ts';

let world: RolloutScene;
beforeEach(() => {
  world = new RolloutScene({ replicas: 4, rollout: { steps: STEPS } });
});

const reasons = (scene: RolloutScene) => scene.plan().events.map(({ reason }) => reason);

describe('a person', () => {
  test('promotes past a hold, and past all of them', async () => {
    const [stable, candidate] = await world.atFirstStep();
    world.annotate({ [ANNOTATION.promote]: '2/1' });
    await world.reconcile();
    await world.grow();
    expect(world.traffic?.candidate?.weight).toBe(50);
    world.annotate({ [ANNOTATION.promote]: '2/full' });
    await world.reconcile();
    await world.grow();
    expect([world.selected, world.stateOf(stable)]).toEqual([candidate, 'Warm']);
  });

  test.each(['3/1', '2/9', 'now'])(
    'is told that promote "%s" is not meant for this rollout',
    async (text) => {
      await world.atFirstStep();
      world.annotate({ [ANNOTATION.promote]: text });
      const planned = world.plan();
      expect(planned.events.map(({ reason }) => reason)).toContain('PromoteIgnored');
      world.now += 6_000;
      await world.reconcile();
      expect(world.ready?.message).toContain(`is "${text}"`);
      expect(world.traffic?.candidate?.weight).toBe(5);
      expect(world.plan().events).toEqual([]);
    },
  );

  test('is told that an annotation with the number of an earlier rollout does nothing, unless that one heeded it', async () => {
    await world.atFirstStep();
    await world.offer('3');
    await world.grow();
    expect(world.modelDeployment.status?.candidateNumber).toBe(3);
    world.annotate({ [ANNOTATION.promote]: '2/full' });
    expect(reasons(world)).toEqual(['PromoteIgnored']);
    world.now += 6_000;
    await world.reconcile();
    expect(world.ready?.message).toContain('is "2/full", which is the number of an earlier rollout');
    expect(world.plan().events).toEqual([]);

    world.annotate({ [ANNOTATION.promote]: '3/1' });
    await world.reconcile();
    await world.grow();
    expect(world.traffic?.candidate?.weight).toBe(50);
    await world.offer('4');
    await world.grow();
    await world.grow();
    expect(world.modelDeployment.status?.candidateNumber).toBe(4);
    expect(world.ready?.message).not.toContain('3/1');
    expect(reasons(world)).not.toContain('PromoteIgnored');
  });

  test('who pauses, resumes and promotes is told of once each', async () => {
    await world.atFirstStep();
    const acts = [
      [
        { [ANNOTATION.paused]: '2' },
        'RolloutPaused',
        'is held at step 1 of 2 by the annotation windlass.dev/paused',
      ],
      [{ [ANNOTATION.paused]: null }, 'RolloutResumed', 'goes on at step 1 of 2'],
      [{ [ANNOTATION.promote]: '2/1' }, 'PromotedByHand', 'its holds up to step 1 are over'],
    ] as const;
    for (const [annotations, reason, text] of acts) {
      world.annotate(annotations);
      const told = world.plan().events.find((event) => event.reason === reason);
      expect(told?.message).toContain(text);
      world.now += 6_000;
      await world.reconcile();
      expect(reasons(world)).not.toContain(reason);
    }
    world.changeSpec({ rollout: { paused: true } });
    expect(reasons(world)).toContain('RolloutPaused');
    await world.reconcile();
    expect(reasons(world)).toEqual([]);
  });

  test('who takes the traffic file away, or damages it, is told that it was written again', async () => {
    const stable = await world.serve('1');
    const harms = [
      () => world.cluster.remove('ConfigMap', 'churn-traffic'),
      () => world.cluster.merge('ConfigMap', 'churn-traffic', { data: { 'traffic.json': '{' } }),
    ];
    for (const harm of harms) {
      expect(world.plan().events).toEqual([]);
      harm();
      expect(reasons(world)).toEqual(['TrafficFileRestored']);
      await world.reconcile();
      expect(world.traffic?.stable.revision).toBe(stable);
    }
    expect(world.plan().events).toEqual([]);
  });

  test('promoted before it failed has said nothing of the failure', async () => {
    world.changeSpec({ rollout: { onFailure: 'pause', steps: [{ weight: 5 }, { weight: 50, hold: '2m' }] } });
    await world.atFirstStep();
    world.annotate({ [ANNOTATION.promote]: '2/1' });
    await world.reconcile();
    expect(world.rollout?.phase).toBe('Step');
    await underLoad(world, 30_000, { failing: 1 });
    await world.grow();
    await underLoad(world, 30_000, { failing: 1 });
    expect([world.rollout?.phase, world.traffic?.candidate?.weight]).toEqual(['Paused', 0]);
    expect(world.ready?.message).toContain('windlass.dev/promote-');
    world.annotate({ [ANNOTATION.promote]: null });
    await world.reconcile();
    world.annotate({ [ANNOTATION.promote]: '2/1' });
    await world.reconcile();
    await world.grow();
    expect(world.traffic?.candidate?.weight).toBe(50);
  });

  test('promoted a number that was not given yet: it does nothing when that number comes', async () => {
    const [stable] = await world.atFirstStep();
    world.annotate({ [ANNOTATION.promote]: '3/full' });
    await world.reconcile();
    await world.offer('3');
    await world.grow();
    expect(world.modelDeployment.status?.candidateNumber).toBe(3);
    await world.grow();
    expect([world.selected, world.rollout?.step]).toEqual([stable, 1]);
  });

  test('waits at a step without a hold', async () => {
    world.changeSpec({ rollout: { steps: [{ weight: 5 }] } });
    const [, candidate] = await world.atFirstStep();
    await underLoad(world, 60 * MINUTE);
    expect(world.ready).toMatchObject({ reason: 'WaitingForPromotion' });
    world.annotate({ [ANNOTATION.promote]: '2/1' });
    await world.reconcile();
    await world.grow();
    expect(world.selected).toBe(candidate);
  });

  test('pauses and resumes by the annotation, and by the spec', async () => {
    const [, candidate] = await world.atFirstStep();
    world.annotate({ [ANNOTATION.paused]: '2' });
    await underLoad(world, 10 * MINUTE);
    expect(world.ready).toMatchObject({ reason: 'Paused' });
    expect(world.traffic?.candidate?.weight).toBe(5);
    world.annotate({ [ANNOTATION.paused]: null });
    await underLoad(world, 4_000);
    expect(world.size(candidate)).toBe(2);
  });

  test('a paused spec starts a candidate and gives it nothing', async () => {
    world.changeSpec({ rollout: { paused: true } });
    const [, candidate] = await world.atFirstStep();
    expect(world.traffic?.candidate).toBeUndefined();
    expect([world.size(candidate), world.rollout?.phase, world.ready?.reason]).toEqual([
      1,
      'Paused',
      'Paused',
    ]);
    world.annotate({ [ANNOTATION.promote]: '2/0' });
    await world.reconcile();
    expect(world.traffic?.candidate?.weight).toBe(5);
    expect(world.ready?.reason).toBe('Paused');
  });

  test('aborts with a ModelRollback: the candidate is superseded, and nothing failed', async () => {
    const [stable, candidate] = await world.atFirstStep();
    world.cluster.put(rollback('abort', { toRevision: stable }));
    await world.reconcile();
    expect(world.traffic?.candidate).toBeUndefined();
    expect(world.stateOf(candidate)).toBe('Superseded');
    expect(world.ready?.reason).toBe('RolledBack');
  });
});
