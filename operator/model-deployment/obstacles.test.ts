import { expect, it } from 'vitest';
import type { Obstacle } from './observed.ts';
import { OBSTACLE_RETRY_MS, Obstacles } from './obstacles.ts';

const NOW = 1_000_000;

function obstacle(reason: Obstacle['reason'], name: string): Obstacle {
  return { kind: 'CronJob', name, reason, message: 'no', retryAt: NOW + OBSTACLE_RETRY_MS };
}

it('tries what was refused at once with a mended spec, and nothing else', () => {
  const obstacles = new Obstacles();
  expect(obstacles.of('md', 1, NOW)).toEqual([]);
  const others = [obstacle('ForeignObject', 'taken'), obstacle('QuotaExceeded', 'full')];
  for (const each of [obstacle('Refused', 'schedule'), ...others]) obstacles.add('md', each);
  expect(obstacles.of('md', 1, NOW)).toHaveLength(3);
  expect(obstacles.of('md', 2, NOW)).toEqual(others);
  expect(obstacles.of('md', 2, NOW)).toEqual(others);
});

it('keeps no obstacle for longer than it was meant to be after the clock was set back', () => {
  const obstacles = new Obstacles();
  obstacles.add('md', obstacle('ForeignObject', 'taken'));
  const [kept] = obstacles.of('md', 1, NOW - 3_600_000);
  expect(kept?.retryAt).toBe(NOW - 3_600_000 + OBSTACLE_RETRY_MS);
});

it('forgets an object with the object', () => {
  const obstacles = new Obstacles();
  obstacles.add('md', obstacle('ForeignObject', 'taken'));
  obstacles.forget('md');
  expect(obstacles.of('md', 1, NOW)).toEqual([]);
});
