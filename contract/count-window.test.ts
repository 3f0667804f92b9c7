import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { CountWindow } from './count-window.ts';

const WINDOW = 3600;

function windowAt(start: number, counters = 3) {
  const clock = { now: start };
  return { clock, window: new CountWindow({ counters, windowMs: WINDOW, now: () => clock.now }) };
}

function raise(window: CountWindow, counter: number, by = 1): void {
  const counters = window.current();
  counters[counter] = (counters[counter] ?? 0) + by;
}

test('holds what was counted within the window, and little more', () => {
  const events = fc.array(
    fc.record({ wait: fc.oneof(fc.nat(100), fc.nat(2 * WINDOW)), counter: fc.nat(2) }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), events, (start, list) => {
      const { clock, window } = windowAt(start);
      const slot = WINDOW / 60;
      const seen: { readonly at: number; readonly counter: number }[] = [];
      for (const { wait, counter } of list) {
        clock.now += wait;
        raise(window, counter);
        seen.push({ at: clock.now, counter });
        const counts = window.counts();
        for (let i = 0; i < 3; i++) {
          const within = (age: number): number =>
            seen.filter((event) => event.counter === i && clock.now - event.at <= age).length;
          expect(counts[i]).toBeGreaterThanOrEqual(within(WINDOW - 0.001));
          expect(counts[i]).toBeLessThanOrEqual(within(WINDOW + slot + 0.001));
        }
      }
      expect([...window.total()]).toEqual([0, 1, 2].map((i) => seen.filter((e) => e.counter === i).length));
    }),
  );
});

test('empties itself when nothing comes, and begins anew', () => {
  const { clock, window } = windowAt(50);
  raise(window, 0, 5);
  clock.now += 10 * WINDOW;
  expect([...window.counts()]).toEqual([0, 0, 0]);
  raise(window, 1);
  expect([...window.counts()]).toEqual([0, 1, 0]);
  expect([...window.total()]).toEqual([5, 1, 0]);
});

test('says how far back it reaches', () => {
  const { clock, window } = windowAt(1000);
  expect(window.ageMs()).toBe(0);
  clock.now += 1234;
  expect(window.ageMs()).toBe(1234);
  clock.now += 100 * WINDOW;
  expect(window.ageMs()).toBeGreaterThanOrEqual(WINDOW);
  expect(window.ageMs()).toBeLessThanOrEqual(WINDOW + WINDOW / 60);
});

test('has coarser slots where counters are many', () => {
  const { clock, window } = windowAt(0, 400_000);
  raise(window, 7);
  clock.now += WINDOW;
  expect(window.counts()[7]).toBe(1);
  clock.now += WINDOW / 6 + 1;
  expect(window.counts()[7]).toBe(0);
});
