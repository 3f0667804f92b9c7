import { beforeEach, describe, expect, test } from 'vitest';
import { ANNOTATION } from '#contract/names.ts';
import { MODEL_ROLLBACK, type ConfigMap } from '#operator/kube/index.ts';
import { findCondition } from '#operator/api/conditions.ts';
import { NAME, rollback } from './testing/fixtures.ts';
import { underLoad } from './testing/readings.ts';
import { World } from './testing/world.ts';
import { readTraffic } from './traffic-file.ts';

const MINUTE = 60_000;
const steps = [
  { weight: 5, hold: '2m' },
  { weight: 50, hold: '2m' },
];

let world: World;
beforeEach(() => {
  world = new World({ replicas: 4, rollout: { steps } });
});

const ready = () => findCondition(world.modelDeployment.status?.conditions, 'Ready');
const traffic = () => readTraffic(world.cluster.get('ConfigMap', `${NAME}-traffic`) as ConfigMap | undefined);
const status = () => world.modelDeployment.status?.rollout;
const size = (revision: string) =>
  world.deployments.find(({ metadata }) => metadata.name === revision)?.spec.replicas;
const revisionState = (name: string) =>
  world.revisions.find(({ metadata }) => metadata.name === name)?.status?.state;
const autoUndo = () =>
  world.cluster.list(MODEL_ROLLBACK).find(({ metadata }) => metadata.name.includes('-auto-'));

function annotate(annotations: Readonly<Record<string, string | null>>): void {
  world.cluster.merge('ModelDeployment', NAME, { metadata: { annotations } });
}

/** Version 1 serves; version 2 is at its first step. Gives both revisions. */
async function atFirstStep(): Promise<readonly [string, string]> {
  const stable = await world.serve('1');
  world.now += MINUTE;
  await world.offer('2');
  await grow();
  const candidate = world.modelDeployment.status?.candidateRevision ?? '';
  return [stable, candidate];
}

async function grow(): Promise<void> {
  world.now += 2_000;
  world.runPods({ ready: true });
  await world.reconcile();
}

async function toTheEnd(ms = 20 * MINUTE): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10_000) {
    await underLoad(world, 10_000);
    world.runPods({ ready: true });
    await world.reconcile();
  }
}

describe('a rollout in steps', () => {
  test('the first revision goes straight', async () => {
    expect(await world.serve('1')).toBe(world.selected);
    expect(ready()?.reason).toBe('Serving');
  });

  test('gives the candidate its first share with the pods that it takes, and leaves the stable one as it is', async () => {
    const [stable, candidate] = await atFirstStep();
    expect(traffic()?.candidate).toMatchObject({
      revision: candidate,
      number: 2,
      weight: 5,
      deadlineMs: 2000,
    });
    expect(world.selected).toBe(stable);
    expect([size(stable), size(candidate)]).toEqual([4, 1]);
    expect(ready()).toMatchObject({ status: 'False', reason: 'RollingOut' });
    expect(findCondition(world.modelDeployment.status?.conditions, 'Available')?.status).toBe('True');
    expect(status()).toMatchObject({ phase: 'Step', step: 1, steps: 2, weight: 5, podsWanted: 1, pods: 1 });
    expect(status()?.holdUntil).toBe(new Date(world.now + 2 * MINUTE).toISOString());
  });

  test('grows before the next share, and promotes at full size', async () => {
    const [stable, candidate] = await atFirstStep();
    await underLoad(world, 2 * MINUTE + 4000);
    expect(size(candidate)).toBe(2);
    expect(traffic()?.candidate?.weight).toBe(5);
    await grow();
    expect(traffic()?.candidate?.weight).toBe(50);
    await underLoad(world, 2 * MINUTE + 4000);
    expect(size(candidate)).toBe(4);
    expect(status()?.phase).toBe('Promoting');
    expect(world.selected).toBe(stable);
    await grow();
    expect(world.selected).toBe(candidate);
    expect(traffic()?.candidate).toBeUndefined();
    expect(ready()?.reason).toBe('Serving');
    expect(revisionState(stable)).toBe('Warm');
  });

  test('a hold lasts until the checks have enough samples', async () => {
    await atFirstStep();
    await underLoad(world, 4 * MINUTE, { rate: 1 });
    expect(status()).toMatchObject({ step: 1, phase: 'Step' });
    expect(status()?.checks?.some(({ state }) => state === 'Waiting')).toBe(true);
    await underLoad(world, 9 * MINUTE, { rate: 1 });
    expect(autoUndo()?.metadata.name).toBe('churn-auto-2');
    expect(ready()?.message).toContain('DeadlineExceeded');
  });

  test('a restart of the operator begins the window anew and extends the hold', async () => {
    const [, candidate] = await atFirstStep();
    await underLoad(world, 2 * MINUTE - 4000);
    world.forgetReadings();
    await underLoad(world, 30_000);
    expect([traffic()?.candidate?.weight, size(candidate)]).toEqual([5, 1]);
    await underLoad(world, 45_000);
    expect(size(candidate)).toBe(2);
  });

  test('a clock that is set back begins the step anew, and one that jumps ahead ends no hold', async () => {
    const [, candidate] = await atFirstStep();
    await underLoad(world, 30_000);
    world.now += 60 * MINUTE;
    await world.reconcile();
    expect(size(candidate)).toBe(1);
    world.now -= 120 * MINUTE;
    await world.reconcile();
    expect([status()?.step, size(candidate)]).toEqual([1, 1]);
    expect(status()?.since).toBe(new Date(world.now).toISOString());
  });

  test('a pod of the candidate that is evicted is no failure: it gets nothing until it is back', async () => {
    const [, candidate] = await atFirstStep();
    await underLoad(world, 20_000);
    world.setPods(candidate, { ready: false });
    await world.reconcile();
    expect(traffic()?.candidate).toMatchObject({ revision: candidate, weight: 0 });
    expect(status()?.waitingFor).toContain('None of its pods is ready');
    world.setPods(candidate, { ready: true, createdAt: world.now });
    await world.reconcile();
    expect(traffic()?.candidate?.weight).toBe(5);
    expect(autoUndo()).toBeUndefined();
  });
});

describe('a candidate that fails', () => {
  test('is undone, and the ModelRollback says why', async () => {
    const [stable, candidate] = await atFirstStep();
    await underLoad(world, 20_000, { failing: 1 });
    expect(autoUndo()?.spec).toMatchObject({ requestedBy: 'windlass', toRevision: 1 });
    expect(ready()).toMatchObject({ status: 'False', reason: 'RolledBack' });
    expect(ready()?.message).toMatch(/Windlass undid it: CheckFailed/);
    expect(findCondition(world.modelDeployment.status?.conditions, 'Stalled')?.status).toBe('True');
    expect(world.selected).toBe(stable);
    expect(traffic()?.candidate).toBeUndefined();
    expect(revisionState(candidate)).toBe('Rejected');
  });

  test('stops once every stable pod knows, or after a while', async () => {
    const [, candidate] = await atFirstStep();
    while (autoUndo() === undefined) await underLoad(world, 1000, { failing: 1 });
    expect(size(candidate)).toBe(1);
    for (const { metadata } of world.pods)
      world.acknowledged.set(metadata.uid ?? '', traffic()?.generation ?? 0);
    await world.reconcile();
    expect(size(candidate)).toBeUndefined();
  });

  test('is not tried again when the ModelRollback is deleted, until the spec changes', async () => {
    const [stable, candidate] = await atFirstStep();
    await underLoad(world, 20_000, { failing: 1 });
    world.cluster.remove('ModelRollback', 'churn-auto-2');
    await underLoad(world, 10 * MINUTE);
    expect(ready()).toMatchObject({ reason: 'CheckFailed' });
    expect([world.selected, size(candidate)]).toEqual([stable, undefined]);
    await world.offer('3');
    expect(world.modelDeployment.status?.candidateRevision).not.toBe(candidate);
    await toTheEnd();
    expect(ready()?.reason).toBe('Serving');
  });

  test('is undone although the operator ends between the two writes', async () => {
    const [, candidate] = await atFirstStep();
    const failing = { rate: 200, failing: 1 };
    await underLoad(world, 8_000, failing);
    const planned = world.plan();
    if (autoUndo() === undefined) await world.carryOut(planned, 1);
    world.forgetReadings();
    await world.reconcile();
    expect(revisionState(candidate)).toBe('Rejected');
    expect(world.plan().actions).toEqual([]);
  });

  test('that the operator may not undo gets no traffic, and the refusal is told', async () => {
    const [stable] = await atFirstStep();
    world.obstacles.add('md-1', {
      kind: 'ModelRollback',
      name: 'churn-auto-2',
      reason: 'Refused',
      message: 'The API server refuses ModelRollback churn-auto-2: forbidden.',
      retryAt: world.now + 10 * MINUTE,
    });
    await underLoad(world, 20_000, { failing: 1 });
    expect([traffic()?.candidate?.weight, world.selected]).toEqual([0, stable]);
    expect(ready()).toMatchObject({ status: 'False', reason: 'Refused' });
    await underLoad(world, 10 * MINUTE);
    expect(ready()).toMatchObject({ status: 'False', reason: 'RolledBack' });
  });

  test('cannot be undone to', async () => {
    const [stable, candidate] = await atFirstStep();
    await underLoad(world, 20_000, { failing: 1 });
    world.now += 2_000;
    world.cluster.put(rollback('back', { toRevision: candidate }));
    await world.reconcile();
    const undo = world.cluster.list(MODEL_ROLLBACK).find(({ metadata }) => metadata.name === 'back');
    expect(undo?.status?.state).toBe('Invalid');
    expect(undo?.status?.message).toContain('was rejected: CheckFailed');
    expect(world.selected).toBe(stable);
  });

  test('with onFailure: pause gets no traffic until a person decides', async () => {
    world.changeSpec({ rollout: { onFailure: 'pause' } });
    const [, candidate] = await atFirstStep();
    await underLoad(world, 20_000, { failing: 1 });
    expect(autoUndo()).toBeUndefined();
    expect(traffic()?.candidate).toMatchObject({ revision: candidate, weight: 0 });
    expect(ready()).toMatchObject({ reason: 'Paused' });
    expect(status()?.phase).toBe('Paused');
    await underLoad(world, 30 * MINUTE);
    expect(status()?.phase).toBe('Paused');
    annotate({ [ANNOTATION.promote]: '2/1' });
    await world.reconcile();
    await grow();
    expect(traffic()?.candidate?.weight).toBe(50);
  });

  test('that crashes is undone, once that is no accident', async () => {
    const [, candidate] = await atFirstStep();
    const crashed = (restartCount: number) => ({
      ready: true,
      main: { ready: true, restartCount, lastState: { terminated: { exitCode: 1, reason: 'Error' } } },
    });
    world.setPods(candidate, crashed(1));
    await world.reconcile();
    expect(autoUndo()).toBeUndefined();
    world.setPods(candidate, crashed(2));
    await world.reconcile();
    expect(ready()?.message).toContain('CrashLoop');
  });

  test('a metric of the bundle that is too bad rejects it before a pod starts', async () => {
    await world.serve('1');
    world.changeSpec({ rollout: { checks: [{ metric: { name: 'rmse', max: 1 } }] } });
    await world.offer('2');
    expect(ready()).toMatchObject({ reason: 'CheckFailed' });
    expect(world.deployments).toHaveLength(1);
  });
});

describe('a person', () => {
  test('promotes past a hold, and past all of them', async () => {
    const [stable, candidate] = await atFirstStep();
    annotate({ [ANNOTATION.promote]: '2/1' });
    await world.reconcile();
    await grow();
    expect(traffic()?.candidate?.weight).toBe(50);
    annotate({ [ANNOTATION.promote]: '2/full' });
    await world.reconcile();
    await grow();
    expect([world.selected, revisionState(stable)]).toEqual([candidate, 'Warm']);
  });

  test.each(['3/1', '2/9', 'now'])(
    'is told that promote "%s" is not meant for this rollout',
    async (text) => {
      await atFirstStep();
      annotate({ [ANNOTATION.promote]: text });
      const planned = world.plan();
      expect(planned.events.map(({ reason }) => reason)).toContain('PromoteIgnored');
      world.now += 6_000;
      await world.reconcile();
      expect(ready()?.message).toContain(`is "${text}"`);
      expect(traffic()?.candidate?.weight).toBe(5);
      expect(world.plan().events).toEqual([]);
    },
  );

  test('waits at a step without a hold', async () => {
    world.changeSpec({ rollout: { steps: [{ weight: 5 }] } });
    const [, candidate] = await atFirstStep();
    await underLoad(world, 60 * MINUTE);
    expect(ready()).toMatchObject({ reason: 'WaitingForPromotion' });
    annotate({ [ANNOTATION.promote]: '2/1' });
    await world.reconcile();
    await grow();
    expect(world.selected).toBe(candidate);
  });

  test('pauses and resumes by the annotation, and by the spec', async () => {
    const [, candidate] = await atFirstStep();
    annotate({ [ANNOTATION.paused]: '2' });
    await underLoad(world, 10 * MINUTE);
    expect(ready()).toMatchObject({ reason: 'Paused' });
    expect(traffic()?.candidate?.weight).toBe(5);
    annotate({ [ANNOTATION.paused]: null });
    await underLoad(world, 4_000);
    expect(size(candidate)).toBe(2);
  });

  test('a paused spec starts a candidate and gives it nothing', async () => {
    world.changeSpec({ rollout: { paused: true } });
    const [, candidate] = await atFirstStep();
    expect(traffic()?.candidate).toBeUndefined();
    expect([size(candidate), status()?.phase, ready()?.reason]).toEqual([1, 'Paused', 'Paused']);
    annotate({ [ANNOTATION.promote]: '2/0' });
    await world.reconcile();
    expect(traffic()?.candidate?.weight).toBe(5);
    expect(ready()?.reason).toBe('Paused');
  });

  test('aborts with a ModelRollback: the candidate is superseded, and nothing failed', async () => {
    const [stable, candidate] = await atFirstStep();
    world.cluster.put(rollback('abort', { toRevision: stable }));
    await world.reconcile();
    expect(traffic()?.candidate).toBeUndefined();
    expect(revisionState(candidate)).toBe('Superseded');
    expect(ready()?.reason).toBe('RolledBack');
  });
});

describe('in the middle', () => {
  test('a new spec wins, and the stable revision stays', async () => {
    const [stable, candidate] = await atFirstStep();
    await world.offer('3');
    expect(world.selected).toBe(stable);
    expect(traffic()?.candidate).toBeUndefined();
    expect(revisionState(candidate)).toBe('Superseded');
    await toTheEnd();
    expect(world.modelDeployment.status?.modelVersion).toBe('3');
  });

  test('a scale changes the sizes of both', async () => {
    const [stable, candidate] = await atFirstStep();
    world.changeSpec({ replicas: 40 });
    await world.reconcile();
    expect([size(stable), size(candidate)]).toEqual([40, 2]);
  });

  test('fewer steps are reached at once', async () => {
    const [, candidate] = await atFirstStep();
    world.changeSpec({ rollout: { steps: null } });
    await underLoad(world, 4000);
    await grow();
    expect(world.selected).toBe(candidate);
  });
});

describe('shadow', () => {
  test('comes before the first step, and gives copies alone', async () => {
    world.changeSpec({ rollout: { shadow: { percent: 50, hold: '1m' } } });
    const [, candidate] = await atFirstStep();
    expect(traffic()?.candidate).toMatchObject({ weight: 0, shadow: 50 });
    await grow();
    expect([size(candidate), status()?.phase]).toEqual([2, 'Shadow']);
    await underLoad(world, 70_000);
    expect(status()?.shadow).toMatchObject({ failed: 0, dropped: 0 });
    expect(traffic()?.candidate).toMatchObject({ weight: 5, shadow: 0 });
  });
});

describe('bake', () => {
  beforeEach(() => {
    world = new World({ replicas: 2, rollout: { steps: [{ weight: 50, hold: '1m' }], bake: '5m' } });
  });

  test('watches what was promoted, and ends by time', async () => {
    const [stable, candidate] = await atFirstStep();
    await toTheEnd(2 * MINUTE);
    expect(world.selected).toBe(candidate);
    expect([ready()?.status, ready()?.reason, status()?.phase]).toEqual(['True', 'Baking', 'Baking']);
    await toTheEnd(6 * MINUTE);
    expect([ready()?.reason, status()]).toEqual(['Serving', undefined]);
    expect(revisionState(stable)).toBe('Warm');
  });

  test('brings the earlier revision back when it fails', async () => {
    const [stable, candidate] = await atFirstStep();
    await toTheEnd(2 * MINUTE);
    world.failing = candidate;
    await underLoad(world, 60_000, { failing: 1 });
    expect(world.selected).toBe(stable);
    expect(revisionState(candidate)).toBe('Rejected');
    expect(ready()).toMatchObject({ reason: 'RolledBack' });
    expect(world.plan().actions).toEqual([]);
  });
});

describe('without room for two', () => {
  test('the stable revision gives pods up, and gets them back when the candidate fails', async () => {
    world.changeSpec({ rollout: { maxSurge: 0 } });
    const [stable, candidate] = await atFirstStep();
    await world.reconcile();
    expect([size(stable), size(candidate)]).toEqual([3, 1]);
    expect(ready()?.message).toContain('gives up 1 of its 4 pods');
    await underLoad(world, 20_000, { failing: 1 });
    expect(size(stable)).toBe(4);
  });

  test('a single pod makes way for the other', async () => {
    world = new World({ replicas: 1, rollout: { maxSurge: 0, steps } });
    const stable = await world.serve('1');
    world.now += MINUTE;
    await world.offer('2');
    expect(size(stable)).toBe(0);
    await grow();
    expect(world.selected).not.toBe(stable);
    expect(size(world.selected ?? '')).toBe(1);
  });
});
