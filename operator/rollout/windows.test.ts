import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { after, BEGAN, contextOf, report, sample, side, STABLE_REVISION } from './checks-testing.ts';
import type { CheckContext } from './checks.ts';
import type { PodSample } from './readings.ts';
import { countAbove, quantile } from './windows-quantile.ts';
import { FORWARDED, increase } from './windows.ts';

function requests(context: CheckContext, from: number = BEGAN): number {
  return increase(FORWARDED, context, from).totals.get('requests') ?? 0;
}

const passed = (count: number, more: Parameters<typeof report>[0] = {}): PodSample['report'] =>
  report({ forwarded: side(count), ...more });

describe('what was counted in a window', () => {
  it.each<[string, readonly PodSample[], number]>([
    [
      'is of all pods together',
      [...after(10, passed(7)), sample(1, passed(1), 'b'), sample(9, passed(4), 'b')],
      10,
    ],
    ['is nothing with one reading', [sample(5, passed(100))], 0],
    [
      'counts a process that began anew from zero',
      [
        sample(0, passed(10)),
        sample(2, passed(30)),
        sample(4, passed(5, { instance: 'two' })),
        sample(6, passed(9, { instance: 'two' })),
      ],
      29,
    ],
    [
      'takes a count that went backwards for a process that began anew',
      [sample(0, passed(100)), sample(2, passed(3)), sample(4, passed(5))],
      5,
    ],
    [
      'leaves out another candidate’s and the same candidate’s earlier try',
      [
        sample(1, passed(0, { candidate: 'bankchurn-dddddddddd' })),
        sample(4, passed(50, { candidate: 'bankchurn-dddddddddd' })),
        sample(5, passed(9, { number: 1 })),
        sample(6, passed(1)),
        sample(8, passed(3)),
      ],
      2,
    ],
    [
      'drops readings that a jump of the clock put into the future',
      [sample(0, passed(0)), sample(9999, passed(90)), sample(8, passed(4))],
      4,
    ],
    [
      'drops readings that are older than the one before',
      [sample(0, passed(0)), sample(8, passed(40)), sample(3, passed(45)), sample(9, passed(50))],
      50,
    ],
    [
      'leaves out pods of other revisions',
      [sample(0, passed(0), 'x', 'bankchurn-eeeeeeeeee'), sample(8, passed(40), 'x', 'bankchurn-eeeeeeeeee')],
      0,
    ],
  ])('%s', (_, samples, expected) => {
    expect(requests(contextOf(10, samples))).toBe(expected);
  });

  it('leaves out pods that have not applied the split', () => {
    const samples = [
      ...after(10, passed(7)),
      sample(1, passed(1, { generation: 4 }), 'b'),
      sample(9, passed(4, { generation: 4 }), 'b'),
    ];
    expect(requests(contextOf(10, samples, { generation: 5 }))).toBe(7);
  });

  it('is never negative nor more than was counted, whatever pods say', () => {
    const reading = fc.record({
      second: fc.integer({ min: -100, max: 100 }),
      count: fc.nat(1_000_000),
      uid: fc.constantFrom('a', 'b'),
      instance: fc.constantFrom('one', 'two'),
    });
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 30 }), (readings) => {
        const samples = readings.map(({ second, count, uid, instance }) =>
          sample(second, passed(count, { instance }), uid, STABLE_REVISION),
        );
        const found = requests(contextOf(50, samples), BEGAN - 50_000);
        expect(found).toBeGreaterThanOrEqual(0);
        expect(found).toBeLessThanOrEqual(readings.reduce((total, { count }) => total + count, 0));
      }),
    );
  });

  it('has no latency where a histogram is no histogram', () => {
    const broken = { ...side(5), latency: { bounds: [2, 1], counts: [1, 2, 3] } };
    const short = { ...side(5), latency: { bounds: [1, 2], counts: [1] } };
    for (const forwarded of [broken, short]) {
      const found = increase(FORWARDED, contextOf(10, after(5, report({ forwarded }))), BEGAN);
      expect([...found.histogram.values()].every((count) => count === 0)).toBe(true);
    }
  });
});

describe('a quantile', () => {
  const histogram = new Map([
    [1, 10],
    [2, 80],
    [4, 10],
    [Infinity, 0],
  ]);

  it.each([
    [0.05, 0.5],
    [0.5, 1.5],
    [0.95, 3],
    [1, 4],
  ])('%d lies evenly within its bucket, as Prometheus has it', (q, value) => {
    const found = quantile(histogram, q);
    expect(found?.value).toBeCloseTo(value, 10);
    expect(found?.isAbove).toBe(false);
  });

  it('above the last bound is that bound, and says so', () => {
    expect(
      quantile(
        new Map([
          [1, 1],
          [Infinity, 9],
        ]),
        0.95,
      ),
    ).toEqual({ value: 1, isAbove: true });
  });

  it('of nothing is none', () => {
    expect(quantile(new Map(), 0.5)).toBeUndefined();
    expect(quantile(new Map([[1, 0]]), 0.5)).toBeUndefined();
  });

  it('has as many above it as it says', () => {
    for (const q of [0.05, 0.5, 0.9, 0.95]) {
      expect(countAbove(histogram, quantile(histogram, q)?.value ?? 0)).toBeCloseTo(100 * (1 - q), 9);
    }
  });

  it('has nothing above a limit beyond the last bound that anybody knows of', () => {
    const open = new Map([...histogram, [Infinity, 9] as const]);
    expect(countAbove(open, 3)).toBe(14);
    expect(countAbove(open, 50)).toBe(0);
  });
});
