import { setImmediate, setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TurnClock } from './turn-clock.ts';

function busyFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('a turn tells how long it has read, and how long the one before was busy', async () => {
  const clock = new TurnClock();
  clock.enter(performance.now());
  busyFor(20);
  const second = clock.enter(performance.now());
  expect(second.turnMs).toBeGreaterThanOrEqual(20);
  expect(second.requests).toBe(2);
  await setImmediate();
  await setImmediate();
  const next = clock.enter(performance.now());
  expect(next.turnMs).toBe(0);
  expect(next.requests).toBe(3);
  expect(next.turnBeforeMs).toBeGreaterThanOrEqual(20);
});

test('after the event loop has been idle, nobody has waited', async () => {
  const clock = new TurnClock();
  clock.enter(performance.now());
  busyFor(20);
  await setTimeout(50);
  expect(clock.enter(performance.now())).toEqual({ turnMs: 0, turnBeforeMs: 0, requests: 1 });
});

test('what was spent on refusing is no wait', async () => {
  const clock = new TurnClock();
  clock.enter(performance.now());
  clock.refused();
  clock.enter(performance.now());
  busyFor(20);
  const { turnMs } = clock.enter(performance.now());
  expect(turnMs).toBeGreaterThanOrEqual(10);
  expect(turnMs).toBeLessThan(19);
  clock.refused();
  clock.refused();
  await setImmediate();
  await setImmediate();
  const { turnBeforeMs } = clock.enter(performance.now());
  expect(turnBeforeMs).toBeLessThan(1);
});
