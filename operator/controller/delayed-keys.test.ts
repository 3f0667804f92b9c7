import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { DelayedKeys } from './delayed-keys.ts';

const operation = fc.oneof(
  fc.record({ do: fc.constant('add' as const), key: fc.integer({ min: 0, max: 9 }), at: fc.nat(1000) }),
  fc.record({ do: fc.constant('remove' as const), key: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ do: fc.constant('take' as const), at: fc.nat(1000) }),
);

it('gives out each key once, at its earliest time, earliest first, like a sorted list would', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
      const keys = new DelayedKeys();
      const model = new Map<string, number>();
      for (const each of operations) {
        if (each.do === 'add') {
          const key = String(each.key);
          keys.add(key, each.at);
          model.set(key, Math.min(model.get(key) ?? Infinity, each.at));
        } else if (each.do === 'remove') {
          keys.remove(String(each.key));
          model.delete(String(each.key));
        } else {
          const due = [...model].filter(([, at]) => at <= each.at);
          const times = keys.takeDue(each.at).map((key) => [key, model.get(key)] as const);
          expect(new Map(times)).toEqual(new Map(due));
          expect(times.map(([, at]) => at)).toEqual(due.map(([, at]) => at).toSorted((a, b) => a - b));
          for (const [key] of due) model.delete(key);
        }
        expect(keys.size).toBe(model.size);
        expect(keys.nextDueAt()).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
      }
    }),
  );
});

it('stays right when a key gets ever earlier appointments and far more leftovers than keys', () => {
  const keys = new DelayedKeys();
  for (let at = 10_000; at > 0; at -= 1) keys.add('a', at);
  keys.add('b', 5000);
  expect(keys.takeDue(1)).toEqual(['a']);
  expect(keys.takeDue(20_000)).toEqual(['b']);
});
