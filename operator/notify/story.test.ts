import { beforeEach, expect, it } from 'vitest';
import type { Observed, Plan } from '#operator/model-deployment/index.ts';
import { rollback, underLoad, World } from '#operator/model-deployment/testing/index.ts';
import type { Notification } from './notification.ts';
import { notificationsOf } from './notifications.ts';

// What the whole decision says in a story, from plan to plan, and what becomes of it.

const told: Notification[] = [];
const counted: string[] = [];

/** Hears each plan that was carried out, as the operator does. */
class Heard extends World {
  #observed: Observed | undefined;

  override plan(): Plan {
    this.#observed = this.observe();
    return super.plan();
  }

  override async reconcile(): Promise<Plan> {
    const planned = await super.reconcile();
    if (this.#observed !== undefined) {
      told.push(...notificationsOf(this.#observed, planned));
      for (const { news } of planned.events) {
        if (news !== undefined) counted.push(news.is === 'undone' ? `undone by ${news.by}` : news.is);
      }
    }
    return planned;
  }
}

const MINUTE = 60_000;
const short = ({ kind, number, reason }: Notification): string => `${kind} ${number} (${reason})`;
const steps = [{ weight: 50, hold: '1m' }];

let world: Heard;
beforeEach(() => {
  told.length = 0;
  counted.length = 0;
  world = new Heard({ replicas: 2, rollout: { steps } });
});

async function forMinutes(minutes: number, failing = 0): Promise<void> {
  for (let passed = 0; passed < minutes * MINUTE; passed += 10_000) {
    await underLoad(world, 10_000, { failing });
    world.runPods({ ready: true });
    await world.reconcile();
  }
}

it('a rollout that goes well is told once, when it is promoted', async () => {
  const first = await world.serve('1');
  expect(told.map(short)).toEqual(['promoted 1 (Promoted)']);
  await world.offer('2');
  await forMinutes(10);
  expect(told.map(short)).toEqual(['promoted 1 (Promoted)', 'promoted 2 (Promoted)']);
  expect(told[1]).toMatchObject({ from: first, to: world.selected, revision: world.selected });
  expect(counted).toEqual(['promoted', 'promoted']);
});

it('a candidate that fails is told once, as undone, with what serves', async () => {
  const stable = await world.serve('1');
  await world.offer('2');
  await forMinutes(1);
  const candidate = world.modelDeployment.status?.candidateRevision;
  await forMinutes(5, 1);
  expect(told.slice(1).map(short)).toEqual(['undone 2 (Undone)']);
  expect(told[1]).toMatchObject({ revision: candidate, from: candidate, to: stable });
  expect(told[1]?.message).toContain('CheckFailed');
  expect(counted).toEqual(['promoted', 'undone by windlass']);
});

it('a candidate that cannot start is told once, as rejected', async () => {
  const stable = await world.serve('1');
  const candidate = await world.exhaust('2');
  await forMinutes(2);
  expect(told.slice(1).map(short)).toEqual(['rejected 2 (OutOfMemory)']);
  expect(told[1]).toMatchObject({ revision: candidate, to: stable });
  expect(counted).toEqual(['promoted', 'rejected']);
});

it('an undo by hand is told once, and not as a promotion of what it brings back', async () => {
  const first = await world.serve('1');
  await world.offer('2');
  await forMinutes(10);
  const second = world.selected;
  world.cluster.put(rollback('by-hand', { requestedBy: 'ada' }));
  await world.reconcile();
  await forMinutes(2);
  expect(world.selected).toBe(first);
  expect(told.slice(2).map(short)).toEqual(['undone 2 (RollbackActive)']);
  expect(told[2]).toMatchObject({ from: second, to: first });
  expect(counted).toEqual(['promoted', 'promoted', 'undone by person']);
});
