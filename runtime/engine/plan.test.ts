import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { planRun } from './plan.ts';

interface Item {
  readonly id: number;
  readonly key: string;
  readonly rows: number;
  done: number;
}

const items = fc
  .array(fc.record({ key: fc.constantFrom('a', 'b'), rows: fc.integer({ min: 1, max: 40 }) }), {
    maxLength: 30,
  })
  .map((list) => list.map((item, id): Item => ({ id, ...item, done: 0 })));

test('runs every row once, in order, within the cap, and only equal shapes together', () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 16 }), fc.nat(16), (all, cap, more) => {
      let queue: readonly Item[] = all;
      let runs = 0;
      while (queue.length > 0) {
        const { slices, rest, unfinished } = planRun(queue, cap, cap + more);
        expect(slices.length).toBeGreaterThan(0);
        const most = slices.length === 1 ? cap + more : cap;
        expect(slices.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(most);
        expect(new Set(slices.map(({ item }) => item.key)).size).toBe(1);
        for (const { item, from, count } of slices) {
          expect(from).toBe(item.done);
          expect(count).toBeGreaterThan(0);
          item.done += count;
        }
        queue = [...rest, ...unfinished];
        runs++;
      }
      expect(all.every(({ done, rows }) => done === rows)).toBe(true);
      expect(runs).toBeLessThanOrEqual(all.reduce((sum, { rows }) => sum + rows, 0));
    }),
  );
});

test('a long request does not hold up short ones that came after it', () => {
  const long: Item = { id: 0, key: 'a', rows: 1000, done: 0 };
  const short: Item = { id: 1, key: 'a', rows: 1, done: 0 };
  const first = planRun([long, short], 64);
  expect(first.slices).toEqual([{ item: long, from: 0, count: 64 }]);
  long.done = 64;
  const second = planRun([...first.rest, ...first.unfinished], 64);
  expect(second.slices[0]).toEqual({ item: short, from: 0, count: 1 });
});

test('a request of more rows than run together has larger runs of its own, in turn with the others', () => {
  const long: Item = { id: 0, key: 'a', rows: 300, done: 0 };
  const short: Item = { id: 1, key: 'a', rows: 1, done: 0 };
  const first = planRun([long, short], 64, 128);
  expect(first.slices).toEqual([{ item: long, from: 0, count: 128 }]);
  long.done = 128;
  const second = planRun([...first.rest, ...first.unfinished], 64, 128);
  expect(second.slices).toEqual([
    { item: short, from: 0, count: 1 },
    { item: long, from: 128, count: 63 },
  ]);
  long.done = 191;
  const third = planRun(second.unfinished, 64, 128);
  expect(third.slices).toEqual([{ item: long, from: 191, count: 109 }]);
  expect(third.unfinished).toEqual([]);
});
