import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ANNOTATION } from '#contract/names.ts';
import { findCondition } from '#operator/api/conditions.ts';
import { MODEL_ROLLBACK } from '#operator/kube/index.ts';
import { rollback } from './testing/fixtures.ts';
import { reportsOf, underLoad } from './testing/readings.ts';
import { MINUTE, RolloutScene, STEPS } from './testing/rollout-scene.ts';

let world: RolloutScene;
beforeEach(() => {
  world = new RolloutScene({ replicas: 4, rollout: { steps: STEPS } });
});

describe('a candidate that fails', () => {
  test('is undone, and the ModelRollback says why', async () => {
    const [stable, candidate] = await world.atFirstStep();
    await underLoad(world, 20_000, { failing: 1 });
    expect(world.automaticUndo?.spec).toMatchObject({ requestedBy: 'windlass', toRevision: 1 });
    expect(world.ready).toMatchObject({ status: 'False', reason: 'RolledBack' });
    expect(world.ready?.message).toMatch(/Windlass undid it: CheckFailed/);
    expect(findCondition(world.modelDeployment.status?.conditions, 'Stalled')?.status).toBe('True');
    expect(world.selected).toBe(stable);
    expect(world.traffic?.candidate).toBeUndefined();
    expect(world.stateOf(candidate)).toBe('Rejected');
  });

  test('stops once every stable pod knows, or after a while', async () => {
    const [, candidate] = await world.atFirstStep();
    while (world.automaticUndo === undefined) await underLoad(world, 1000, { failing: 1 });
    expect(world.size(candidate)).toBe(1);
    for (const { metadata } of world.pods)
      world.acknowledged.set(metadata.uid ?? '', world.traffic?.generation ?? 0);
    await world.reconcile();
    expect(world.size(candidate)).toBeUndefined();
  });

  test('is not tried again when the ModelRollback is deleted, until the spec changes', async () => {
    const [stable, candidate] = await world.atFirstStep();
    await underLoad(world, 20_000, { failing: 1 });
    world.cluster.remove('ModelRollback', 'churn-auto-2');
    await underLoad(world, 10 * MINUTE);
    expect(world.ready).toMatchObject({ reason: 'CheckFailed' });
    expect([world.selected, world.size(candidate)]).toEqual([stable, undefined]);
    await world.offer('3');
    expect(world.modelDeployment.status?.candidateRevision).not.toBe(candidate);
    await world.pass(20 * MINUTE);
    expect(world.ready?.reason).toBe('Serving');
  });

  test('is tried once more after the command that Ready names', async () => {
    const [, candidate] = await world.atFirstStep();
    await underLoad(world, 20_000, { failing: 1 });
    expect(world.ready?.message).toContain(
      `kubectl delete modelrollback/churn-auto-2 modelrevision/${candidate}`,
    );
    world.cluster.remove('ModelRollback', 'churn-auto-2');
    world.cluster.remove('ModelRevision', candidate);
    await world.pass(MINUTE);
    expect(world.modelDeployment.status?.candidateRevision).toBe(candidate);
  });

  test('is undone although the operator ends between the two writes', async () => {
    const [, candidate] = await world.atFirstStep();
    const failing = { rate: 200, failing: 1 };
    await underLoad(world, 8_000, failing);
    const planned = world.plan();
    if (world.automaticUndo === undefined) await world.carryOut(planned, 1);
    world.forgetReadings();
    await world.reconcile();
    expect(world.stateOf(candidate)).toBe('Rejected');
    expect(world.plan().actions).toEqual([]);
  });

  test('that the operator may not undo gets no traffic, and the refusal is told', async () => {
    const [stable] = await world.atFirstStep();
    world.obstacles.add('md-1', {
      kind: 'ModelRollback',
      name: 'churn-auto-2',
      reason: 'Refused',
      message: 'The API server refuses ModelRollback churn-auto-2: forbidden.',
      retryAt: world.now + 10 * MINUTE,
    });
    await underLoad(world, 20_000, { failing: 1 });
    expect([world.traffic?.candidate?.weight, world.selected]).toEqual([0, stable]);
    expect(world.ready).toMatchObject({ status: 'False', reason: 'Refused' });
    await underLoad(world, 10 * MINUTE);
    expect(world.ready).toMatchObject({ status: 'False', reason: 'RolledBack' });
  });

  test('cannot be undone to', async () => {
    const [stable, candidate] = await world.atFirstStep();
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
    const [, candidate] = await world.atFirstStep();
    await underLoad(world, 20_000, { failing: 1 });
    expect(world.automaticUndo).toBeUndefined();
    expect(world.traffic?.candidate).toMatchObject({ revision: candidate, weight: 0 });
    expect(world.ready).toMatchObject({ reason: 'Paused' });
    expect(world.rollout?.phase).toBe('Paused');
    await underLoad(world, 30 * MINUTE);
    expect(world.rollout?.phase).toBe('Paused');
    world.annotate({ [ANNOTATION.promote]: '2/1' });
    await world.reconcile();
    await world.grow();
    expect(world.traffic?.candidate?.weight).toBe(50);
  });

  test('that crashes is undone, once that is no accident', async () => {
    const [, candidate] = await world.atFirstStep();
    const crashed = (restartCount: number) => ({
      ready: true,
      main: {
        ready: true,
        restartCount,
        lastState: {
          terminated: { exitCode: 1, reason: 'Error', finishedAt: new Date(world.now).toISOString() },
        },
      },
    });
    world.setPods(candidate, crashed(1));
    await world.reconcile();
    expect(world.automaticUndo).toBeUndefined();
    world.setPods(candidate, crashed(2));
    await world.reconcile();
    expect(world.ready?.message).toContain('CrashLoop');
  });

  test('that crashed before, or went with its node, is not undone for it', async () => {
    const [, candidate] = await world.atFirstStep();
    const ended = (exitCode: number, finishedAt: number) => ({
      ready: true,
      main: {
        ready: true,
        restartCount: 3,
        lastState: { terminated: { exitCode, finishedAt: new Date(finishedAt).toISOString() } },
      },
    });
    world.setPods(candidate, ended(1, world.now - MINUTE));
    await underLoad(world, 5_000);
    world.setPods(candidate, ended(255, world.now));
    await underLoad(world, 5_000);
    expect(world.automaticUndo).toBeUndefined();
  });

  test('is undone after the deadline where no pod can be read, and not before', async () => {
    await world.atFirstStep();
    for (let minutes = 0; minutes < 11; minutes += 1) {
      world.now += MINUTE;
      world.read(new Map());
      await world.reconcile();
    }
    expect(world.automaticUndo).toBeUndefined();
    expect(world.rollout?.holdUntil).toBeUndefined();
    world.now += 2 * MINUTE;
    world.read(new Map());
    await world.reconcile();
    expect(world.ready?.message).toMatch(/DeadlineExceeded: .*PodsUnreachable/);
  });

  test('is told of and counted once, although the operator ends in the middle', async () => {
    await world.atFirstStep();
    while (world.automaticUndo === undefined) {
      world.now += 5_000;
      world.read(reportsOf(world, 200, 1));
      const planned = world.plan();
      const undoes = planned.actions.some(({ verb }) => verb === 'create');
      await world.carryOut(planned, undoes ? 2 : Number.POSITIVE_INFINITY);
      world.follow(planned);
    }
    const news = world.plan().events.flatMap((event) => event.news ?? []);
    expect(news).toMatchObject([{ is: 'undone', by: 'windlass' }]);
    await world.reconcile();
    expect(world.plan().events).toEqual([]);
  });

  test('a metric of the bundle that is too bad rejects it before a pod starts, and is told once', async () => {
    await world.serve('1');
    world.changeSpec({ rollout: { checks: [{ metric: { name: 'rmse', max: 1 } }] } });
    const told = vi.spyOn(world, 'plan');
    await world.offer('2');
    const news = told.mock.results.flatMap(({ value }) => (value as ReturnType<typeof world.plan>).events);
    expect(news.filter(({ reason }) => reason === 'CheckFailed')).toHaveLength(1);
    expect(world.plan().events).toEqual([]);
    expect(world.ready).toMatchObject({ reason: 'CheckFailed' });
    expect(world.ready?.message).toContain('It is tried as soon as the spec allows it.');
    expect(world.deployments).toHaveLength(1);
  });

  test('a metric that is too bad stays said while an undo holds, and a check that allows it has it tried', async () => {
    const stable = await world.serve('1');
    world.changeSpec({ rollout: { checks: [{ metric: { name: 'rmse', max: 1 } }] } });
    await world.offer('2');
    const candidate = world.revisions.find(({ status }) => status?.revision === 2)?.metadata.name ?? '';
    world.now += 1000;
    world.cluster.put(rollback('u1', { toRevision: stable }));
    await world.pass(MINUTE);
    expect(world.stateOf(candidate)).toBe('Rejected');
    world.cluster.remove('ModelRollback', 'u1');
    world.changeSpec({ rollout: { checks: [] } });
    await world.reconcile();
    expect(world.modelDeployment.status?.candidateRevision).toBe(candidate);
  });
});

describe('bake', () => {
  beforeEach(() => {
    world = new RolloutScene({ replicas: 2, rollout: { steps: [{ weight: 50, hold: '1m' }], bake: '5m' } });
  });

  test('watches what was promoted, and ends by time', async () => {
    const [stable, candidate] = await world.atFirstStep();
    await world.pass(2 * MINUTE);
    expect(world.selected).toBe(candidate);
    expect([world.ready?.status, world.ready?.reason, world.rollout?.phase]).toEqual([
      'True',
      'Baking',
      'Baking',
    ]);
    await world.pass(6 * MINUTE);
    expect([world.ready?.reason, world.rollout]).toEqual(['Serving', undefined]);
    expect(world.stateOf(stable)).toBe('Warm');
  });

  test('begins although the operator ends between the Service and the traffic file', async () => {
    const [, candidate] = await world.atFirstStep();
    while (world.selected !== candidate) {
      await underLoad(world, 5_000);
      world.runPods({ ready: true });
      const planned = world.plan();
      const switchAt = planned.actions.findIndex(
        (action) =>
          action.verb === 'apply' && action.kind === 'Service' && action.object.metadata.name === 'churn',
      );
      await world.carryOut(planned, switchAt === -1 ? undefined : switchAt + 1);
    }
    await world.reconcile();
    expect(world.rollout?.phase).toBe('Baking');
  });

  test('keeps the earlier revision, whatever the history says', async () => {
    world.changeSpec({ history: { warm: 0, limit: 5 } });
    const [stable, candidate] = await world.atFirstStep();
    await world.pass(2 * MINUTE);
    expect([world.selected, world.size(stable)]).toEqual([candidate, 2]);
    await world.pass(6 * MINUTE);
    expect(world.size(stable)).toBeUndefined();
  });

  test('brings the earlier revision back when it fails', async () => {
    const [stable, candidate] = await world.atFirstStep();
    await world.pass(2 * MINUTE);
    world.failing = candidate;
    await underLoad(world, 60_000, { failing: 1 });
    expect(world.selected).toBe(stable);
    expect(world.stateOf(candidate)).toBe('Rejected');
    expect(world.ready).toMatchObject({ reason: 'RolledBack' });
    expect(world.plan().actions).toEqual([]);
  });
});
