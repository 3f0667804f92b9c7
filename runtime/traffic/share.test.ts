import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Share, sticksTo } from './share.ts';

describe('a share', () => {
  test.each([1, 5, 25, 50, 99, 100, 0, 0.5, 33.3])(
    'of %d % is exact over 10,000 requests, and over any 300',
    (percent) => {
      const share = new Share(() => 0.37);
      const taken = Array.from({ length: 10_000 }, () => (share.take(percent) ? 1 : 0));
      const count = (from: number, to: number) =>
        taken.slice(from, to).reduce<number>((sum, one) => sum + one, 0);
      expect(Math.abs(count(0, 10_000) - 100 * percent)).toBeLessThanOrEqual(1);
      for (let from = 0; from <= 9700; from += 97) {
        expect(Math.abs(count(from, from + 300) - 3 * percent)).toBeLessThanOrEqual(1.001);
      }
    },
  );

  test('stays within one request of what is due, however often the weight changes', () => {
    const steps = fc.array(
      fc.record({ percent: fc.double({ min: 0, max: 100, noNaN: true }), count: fc.nat(200) }),
    );
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), steps, (phase, weights) => {
        const share = new Share(() => phase);
        let due = 0;
        let taken = 0;
        for (const { percent, count } of weights) {
          for (let i = 0; i < count; i++) {
            due += percent / 100;
            if (share.take(percent)) taken++;
          }
        }
        expect(Math.abs(taken - due)).toBeLessThan(1.001);
      }),
    );
  });

  test('begins at a random phase: of many pods that see one request each, the share takes it', () => {
    const pods = Array.from({ length: 1000 }, (_, i) => new Share(() => i / 1000));
    expect(pods.filter((share) => share.take(5)).length).toBe(50);
  });

  test('gives the next request the place of one that came to nothing', () => {
    const share = new Share(() => 0.99);
    expect(share.take(1)).toBe(true);
    share.giveBack();
    expect([share.take(1), share.take(1)]).toEqual([true, false]);
  });
});

describe('the sticky header', () => {
  const values = Array.from({ length: 10_000 }, (_, i) => `user-${i}`);
  const meeting = (weight: number, number = 7) =>
    values.filter((value) => sticksTo({ number, weight }, value));

  test.each([1, 5, 25, 50, 99])('sends about %d % of the values to the candidate', (weight) => {
    expect(Math.abs(meeting(weight).length / 100 - weight)).toBeLessThan(1.5);
  });

  test('sends none at 0 %, and all at 100 %', () => {
    expect([meeting(0).length, meeting(100).length]).toEqual([0, values.length]);
  });

  test('whoever meets the candidate at a weight meets it at each greater one', () => {
    const later = new Set(meeting(25));
    expect(meeting(5).every((value) => later.has(value))).toBe(true);
  });

  test('another candidate is met by others', () => {
    const first = new Set(meeting(25, 7));
    const both = meeting(25, 8).filter((value) => first.has(value)).length;
    expect(both / 100).toBeGreaterThan(4);
    expect(both / 100).toBeLessThan(9);
  });
});
