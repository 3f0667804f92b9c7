import { expect, test } from 'vitest';
import { Backlog } from './backlog.ts';

test('the wait is what lies ahead at the pace of full runs, shared by the threads', () => {
  const backlog = new Backlog({ msPerRow: 0.5, cap: 32, lanes: 2 });
  backlog.add(40);
  backlog.add(24);
  expect(backlog).toMatchObject({ rows: 64, jobs: 2, waitMs: 16, runMs: 16 });
  backlog.remove(40);
  expect(backlog.waitMs).toBe(6);
});

test('full runs teach the pace, and short ones only where they are quicker', () => {
  const backlog = new Backlog({ msPerRow: 0.5, cap: 32, lanes: 1 });
  backlog.ran(1, 2);
  expect(backlog.runMs).toBe(16);
  for (let i = 0; i < 100; i++) backlog.ran(30, 30);
  expect(backlog.runMs).toBeCloseTo(32, 1);
  for (let i = 0; i < 100; i++) backlog.ran(4, 1);
  expect(backlog.runMs).toBeCloseTo(8, 1);
  expect(backlog.busyMs).toBe(2 + 3000 + 100);
});

test('a model that could not be timed is known after its first run', () => {
  const backlog = new Backlog({ msPerRow: undefined, cap: 1, lanes: 1 });
  backlog.add(3);
  expect(backlog.waitMs).toBe(0);
  backlog.ran(1, 40);
  backlog.remove(1);
  expect(backlog.waitMs).toBe(80);
});
