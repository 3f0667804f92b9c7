import { expect, it } from 'vitest';
import { EventBudget } from './event-budget.ts';

it('lets an object have a burst of 25 events, then two a minute, and does not touch another object’s share', () => {
  const budget = new EventBudget();
  const granted = (uid: string, now: number, wanted: number): number =>
    Array.from({ length: wanted }, () => budget.take(uid, now)).filter(Boolean).length;
  expect(granted('a', 0, 100)).toBe(25);
  expect(granted('b', 0, 1)).toBe(1);
  expect(granted('a', 29_999, 5)).toBe(0);
  expect(granted('a', 60_000, 5)).toBe(2);
});

it('forgets an object whose budget is whole again, which then has no more than that', () => {
  const budget = new EventBudget();
  budget.take('a', 0);
  budget.forgetFull(30_000);
  expect(Array.from({ length: 30 }, () => budget.take('a', 30_000)).filter(Boolean)).toHaveLength(25);
});
