import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget, fairLevel } from './budget.ts';

/** Shrinks as told, but not below what it has to keep. */
class Stuff {
  bytes = 0;
  times = 0;
  least: number;

  constructor(least = 0) {
    this.least = least;
  }

  shrinkTo(bytes: number): void {
    this.times += 1;
    this.bytes = Math.max(this.least, Math.min(this.bytes, bytes));
  }
}

function budgetOf(...stuff: readonly Stuff[]): Budget {
  const budget = new Budget(1000);
  for (const each of stuff) budget.join(each);
  return budget;
}

describe('a budget', () => {
  it('is a limit of all together, and takes from those that have the most', () => {
    const [small, large, larger] = [new Stuff(), new Stuff(), new Stuff()];
    const budget = budgetOf(small, large, larger);
    Object.assign(small, { bytes: 100 });
    Object.assign(large, { bytes: 450 });
    Object.assign(larger, { bytes: 450 });
    budget.enforce();
    expect(larger.times).toBe(0);
    Object.assign(larger, { bytes: 5000 });
    budget.enforce();
    expect([small.bytes, large.bytes, larger.bytes]).toEqual([100, 400, 400]);
  });

  it('is had by one that is alone, and shared with another one that comes', () => {
    const [first, second] = [new Stuff(), new Stuff()];
    const budget = budgetOf(first);
    first.bytes = 1000;
    budget.enforce();
    expect(first.bytes).toBe(1000);
    budget.join(second);
    for (let i = 0; i < 100; i++) {
      second.bytes += 10;
      budget.enforce();
    }
    expect(budget.bytes).toBeLessThanOrEqual(1000);
    expect(second.bytes).toBeGreaterThanOrEqual(400);
    budget.leave(first);
    expect(budget.bytes).toBe(second.bytes);
  });

  it('has room for what stays clearly below it', () => {
    const held = new Stuff();
    const budget = budgetOf(held);
    expect([budget.hasRoom(900), budget.hasRoom(901)]).toEqual([true, false]);
    held.bytes = 500;
    expect([budget.hasRoom(400), budget.hasRoom(401)]).toEqual([true, false]);
    budget.leave(held);
    expect(budget.hasRoom(900)).toBe(true);
  });

  it('does not try again and again where all that is left has to be kept', () => {
    const kept = new Stuff(2000);
    const budget = budgetOf(kept);
    const tries: number[] = [];
    for (kept.bytes = 2000; tries.length < 100; kept.least += 1, kept.bytes += 1) {
      budget.enforce();
      tries.push(kept.times);
    }
    expect(tries.at(0)).toBe(1);
    expect(tries.at(-1)).toBe(2);
  });
});

it('a fair level gives no more than there is, and what one leaves to the others', () => {
  expect(fairLevel([10, 20, 30], 60)).toBe(Infinity);
  expect(fairLevel([10, 100, 100], 110)).toBe(50);
  expect(fairLevel([], 5)).toBe(Infinity);
  const needs = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 20 });
  fc.assert(
    fc.property(needs, fc.integer({ min: 1, max: 5000 }), (all, total) => {
      const level = fairLevel(all, total);
      const given = all.reduce((sum, need) => sum + Math.min(need, level), 0);
      expect(given).toBeLessThanOrEqual(total + 1e-6);
      if (level < Infinity) expect(given).toBeCloseTo(total);
    }),
  );
});
