import { beforeEach, describe, expect, test } from 'vitest';
import { ANNOTATION } from '#contract/names.ts';
import { findCondition } from '#operator/api/conditions.ts';
import { reportsOf, underLoad } from './testing/readings.ts';
import { MINUTE, RolloutScene, STEPS } from './testing/rollout-scene.ts';

let world: RolloutScene;
beforeEach(() => {
  world = new RolloutScene({ replicas: 4, rollout: { steps: STEPS } });
});

describe('a rollout in steps', () => {
  test('the first revision goes straight', async () => {
    expect(await world.serve('1')).toBe(world.selected);
    expect(world.ready?.reason).toBe('Serving');
  });

  test('the first revision serves though rollouts are paused: it takes nothing from anybody', async () => {
    world = new RolloutScene({ replicas: 4, rollout: { paused: true } });
    expect(await world.serve('1')).toBe(world.selected);
    expect(world.ready?.reason).toBe('Serving');
  });

  test('gives the candidate its first share with the pods that it takes, and leaves the stable one as it is', async () => {
    const [stable, candidate] = await world.atFirstStep();
    expect(world.traffic?.candidate).toMatchObject({
      revision: candidate,
      number: 2,
      weight: 5,
      deadlineMs: 2000,
    });
    expect(world.selected).toBe(stable);
    expect([world.size(stable), world.size(candidate)]).toEqual([4, 1]);
    expect(world.ready).toMatchObject({ status: 'False', reason: 'RollingOut' });
    expect(findCondition(world.modelDeployment.status?.conditions, 'Available')?.status).toBe('True');
    expect(world.rollout).toMatchObject({
      phase: 'Step',
      step: 1,
      steps: 2,
      weight: 5,
      podsWanted: 1,
      pods: 1,
    });
    expect(world.rollout?.holdUntil).toBe(new Date(world.now + 2 * MINUTE).toISOString());
  });

  test('grows before the next share, and promotes at full size', async () => {
    const [stable, candidate] = await world.atFirstStep();
    await underLoad(world, 2 * MINUTE + 4000);
    expect(world.size(candidate)).toBe(2);
    expect(world.traffic?.candidate?.weight).toBe(5);
    await world.grow();
    expect(world.traffic?.candidate?.weight).toBe(50);
    await underLoad(world, 2 * MINUTE + 4000);
    expect(world.size(candidate)).toBe(4);
    expect(world.rollout?.phase).toBe('Promoting');
    expect(world.selected).toBe(stable);
    await world.grow();
    expect(world.selected).toBe(candidate);
    expect(world.traffic?.candidate).toBeUndefined();
    expect(world.ready?.reason).toBe('Serving');
    expect(world.stateOf(stable)).toBe('Warm');
  });

  test('a hold lasts until the checks have enough samples', async () => {
    await world.atFirstStep();
    await underLoad(world, 4 * MINUTE, { rate: 1 });
    expect(world.rollout).toMatchObject({ step: 1, phase: 'Step' });
    expect(world.rollout?.checks?.some(({ state }) => state === 'Waiting')).toBe(true);
    await underLoad(world, 9 * MINUTE, { rate: 1 });
    expect(world.automaticUndo?.metadata.name).toBe('churn-auto-2');
    expect(world.ready?.message).toContain('DeadlineExceeded');
  });

  test('a restart of the operator begins the window anew and extends the hold', async () => {
    const [, candidate] = await world.atFirstStep();
    await underLoad(world, 2 * MINUTE - 4000);
    world.forgetReadings();
    await underLoad(world, 30_000);
    expect([world.traffic?.candidate?.weight, world.size(candidate)]).toEqual([5, 1]);
    await underLoad(world, 45_000);
    expect(world.size(candidate)).toBe(2);
  });

  test('a clock that is set back begins the step anew, and one that jumps ahead ends no hold', async () => {
    const [, candidate] = await world.atFirstStep();
    await underLoad(world, 30_000);
    world.now += 60 * MINUTE;
    await world.reconcile();
    expect(world.size(candidate)).toBe(1);
    world.now -= 120 * MINUTE;
    await world.reconcile();
    expect([world.rollout?.step, world.size(candidate)]).toEqual([1, 1]);
    expect(world.rollout?.since).toBe(new Date(world.now).toISOString());
  });

  test('a pod of the candidate that is evicted is no failure: it gets nothing until it is back', async () => {
    const [, candidate] = await world.atFirstStep();
    await underLoad(world, 20_000);
    world.setPods(candidate, { ready: false });
    await world.reconcile();
    expect(world.traffic?.candidate).toMatchObject({ revision: candidate, weight: 0 });
    expect(world.rollout?.waitingFor).toContain('None of its pods is ready');
    world.setPods(candidate, { ready: true, createdAt: world.now });
    await world.reconcile();
    expect(world.traffic?.candidate?.weight).toBe(5);
    expect(world.automaticUndo).toBeUndefined();
  });
});

describe('no fault of the candidate', () => {
  test('its only pod is evicted, and another is not there yet', async () => {
    const [, candidate] = await world.atFirstStep();
    await underLoad(world, 20_000);
    for (const { metadata } of world.podsOf(candidate)) world.cluster.remove('Pod', metadata.name);
    await underLoad(world, 10_000);
    expect(world.traffic?.candidate?.weight).toBe(0);
    await world.grow();
    expect(world.traffic?.candidate?.weight).toBe(5);
    expect(world.automaticUndo).toBeUndefined();
  });

  test('the operator was away for long', async () => {
    await world.atFirstStep();
    await underLoad(world, 20_000, { rate: 10 });
    world.forgetReadings();
    world.now += 60 * MINUTE;
    await underLoad(world, MINUTE, { rate: 10 });
    expect(world.automaticUndo).toBeUndefined();
    expect(world.rollout?.step).toBe(1);
  });

  test('a person paused it for long', async () => {
    const [, candidate] = await world.atFirstStep();
    world.annotate({ [ANNOTATION.paused]: '2' });
    await underLoad(world, 60 * MINUTE);
    world.setPods(candidate, { ready: true, createdAt: world.now });
    world.annotate({ [ANNOTATION.paused]: null });
    await underLoad(world, 10_000);
    expect(world.automaticUndo).toBeUndefined();
  });

  test('an autoscaler sees the stable pods idle', async () => {
    const [stable, candidate] = await world.atFirstStep();
    await underLoad(world, 2 * MINUTE + 4_000);
    await world.grow();
    world.changeSpec({ replicas: 1 });
    await underLoad(world, 10_000);
    expect([world.size(stable), world.size(candidate)]).toEqual([4, 2]);
    await world.pass(5 * MINUTE);
    expect([world.selected, world.size(candidate)]).toEqual([candidate, 4]);
    await world.pass(6 * MINUTE);
    expect(world.size(candidate)).toBe(1);
  });

  test('the stable pods run a runtime that passes no share on: it waits and says so', async () => {
    world.changeSpec({ rollout: { checks: [] } });
    await world.atFirstStep();
    for (let seconds = 0; seconds < 240; seconds += 5) {
      world.now += 5_000;
      const reports = [...reportsOf(world, 200, 0)].map(
        ([uid, report]) => [uid, { ...report, rollout: null }] as const,
      );
      world.read(new Map(reports));
      await world.reconcile();
    }
    expect(world.rollout?.step).toBe(1);
    expect(world.ready?.message).toContain('runtime of an earlier release');
  });
});

describe('in the middle', () => {
  test('a new spec wins, and the stable revision stays', async () => {
    const [stable, candidate] = await world.atFirstStep();
    await world.offer('3');
    expect(world.selected).toBe(stable);
    expect(world.traffic?.candidate).toBeUndefined();
    expect(world.stateOf(candidate)).toBe('Superseded');
    await world.pass(20 * MINUTE);
    expect(world.modelDeployment.status?.modelVersion).toBe('3');
  });

  test('a scale changes the sizes of both', async () => {
    const [stable, candidate] = await world.atFirstStep();
    world.changeSpec({ replicas: 40 });
    await world.reconcile();
    expect([world.size(stable), world.size(candidate)]).toEqual([40, 2]);
  });

  test('fewer steps are reached at once', async () => {
    const [, candidate] = await world.atFirstStep();
    world.changeSpec({ rollout: { steps: null } });
    await underLoad(world, 4000);
    await world.grow();
    expect(world.selected).toBe(candidate);
  });
});

describe('shadow', () => {
  test('comes before the first step, and gives copies alone', async () => {
    world.changeSpec({ rollout: { shadow: { percent: 50, hold: '1m' } } });
    const [, candidate] = await world.atFirstStep();
    expect(world.traffic?.candidate).toMatchObject({ weight: 0, shadow: 50 });
    await world.grow();
    expect([world.size(candidate), world.rollout?.phase]).toEqual([2, 'Shadow']);
    await underLoad(world, 70_000);
    expect(world.rollout?.shadow).toMatchObject({ failed: 0, dropped: 0 });
    expect(world.traffic?.candidate).toMatchObject({ weight: 5, shadow: 0 });
  });
});

describe('without room for two', () => {
  test('the stable revision gives pods up, and gets them back when the candidate fails', async () => {
    world.changeSpec({ rollout: { maxSurge: 0 } });
    const [stable, candidate] = await world.atFirstStep();
    await world.reconcile();
    expect([world.size(stable), world.size(candidate)]).toEqual([3, 1]);
    expect(world.ready?.message).toContain('gives up 1 of its 4 pods');
    await underLoad(world, 20_000, { failing: 1 });
    expect(world.size(stable)).toBe(4);
  });

  test('a single pod makes way for the other', async () => {
    world = new RolloutScene({ replicas: 1, rollout: { maxSurge: 0, steps: STEPS } });
    const stable = await world.serve('1');
    world.now += MINUTE;
    await world.offer('2');
    expect(world.size(stable)).toBe(0);
    await world.grow();
    expect(world.selected).not.toBe(stable);
    expect(world.size(world.selected ?? '')).toBe(1);
  });

  test('a pause leaves the single pod where it is', async () => {
    world = new RolloutScene({ replicas: 1, rollout: { maxSurge: 0, paused: true, steps: STEPS } });
    const stable = await world.serve('1');
    await world.offer('2');
    await world.grow();
    expect([world.size(stable), world.selected]).toEqual([1, stable]);
    world.changeSpec({ rollout: { paused: false } });
    await world.reconcile();
    expect(world.size(stable)).toBe(0);
    await world.grow();
    expect(world.selected).not.toBe(stable);
  });

  test('the stable revision gives up one pod after another', async () => {
    world = new RolloutScene({ replicas: 4, rollout: { maxSurge: 0 } });
    const stable = await world.serve('1');
    await world.offer('2');
    const candidate = world.modelDeployment.status?.candidateRevision ?? '';
    const sizes: unknown[] = [];
    for (let round = 0; round < 4; round += 1) {
      sizes.push([world.size(stable), world.size(candidate)]);
      await world.grow();
    }
    expect(sizes).toEqual([
      [3, 1],
      [2, 2],
      [1, 3],
      [1, 4],
    ]);
  });
});
