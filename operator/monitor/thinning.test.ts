import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PodReport } from '#contract/pod-report.ts';
import { BEGAN, report, sample, side } from '#operator/rollout/checks-testing.ts';
import type { PodSample } from '#operator/rollout/readings.ts';
import { thinned } from './thinning.ts';

/** One pod, read every 2 s for so long, thinned at each reading. */
function watched(seconds: number, of: PodReport, pods = 1): readonly PodSample[] {
  let kept: readonly PodSample[] = [];
  for (let second = 0; second <= seconds; second += 2) {
    for (let pod = 0; pod < pods; pod++) {
      const now = BEGAN + second * 1000;
      kept = thinned([...kept, sample(second, of, `pod-${pod}`)], { now, since: BEGAN });
    }
  }
  return kept;
}

describe('thinned samples', () => {
  it('are all there of the last 20 s, and fewer of earlier', () => {
    const kept = watched(600, report());
    const ages = kept.map(({ at }) => 600 - (at - BEGAN) / 1000);
    expect(ages.filter((age) => age < 20)).toHaveLength(10);
    expect(ages.filter((age) => age >= 20 && age < 70).length).toBeGreaterThanOrEqual(10);
    expect(kept.length).toBeLessThan(50);
  });

  it('leave no gap that a window of five minutes would miss', () => {
    const times = watched(600, report()).map(({ at }) => at);
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(35_000);
  });

  it('are none from before they are of use, nor older than ten minutes', () => {
    const samples = [sample(-10, report()), sample(5, report()), sample(700, report())];
    expect(thinned(samples, { now: BEGAN + 700_000, since: BEGAN })).toEqual([samples[2]]);
    expect(thinned(samples, { now: BEGAN + 10_000, since: BEGAN })).toEqual([samples[1], samples[2]]);
  });

  it('stay within bounds with a pod that says a lot, at no cost to another one', () => {
    const verbose = (second: number): PodReport => {
      const names = Array.from({ length: 110 }, (_, i) => [`${'é'.repeat(58)}${second} ${i}`, i] as const);
      const long = side(1, { predictions: Object.fromEntries(names) });
      return report({ stable: long, forwarded: structuredClone(long) });
    };
    const kept = thinned(
      Array.from({ length: 300 }, (_, i) => [
        sample(2 * i, verbose(2 * i), 'a'),
        sample(2 * i, report(), 'b'),
      ]).flat(),
      { now: BEGAN + 600_000, since: BEGAN },
    );
    const of = (uid: string): number => kept.filter((each) => each.uid === uid).length;
    expect(of('a')).toBeLessThan(25);
    expect(of('a')).toBeGreaterThan(5);
    expect(of('b')).toBeGreaterThan(35);
  });

  it('keep their order and each pod’s newest one, whatever the clock does', () => {
    const reading = fc.record({
      second: fc.integer({ min: -1000, max: 1000 }),
      uid: fc.constantFrom('a', 'b'),
    });
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 60 }), (readings) => {
        const samples = readings.map(({ second, uid }) => sample(second, report(), uid));
        const kept = thinned(samples, { now: BEGAN + 500_000, since: BEGAN });
        expect(kept).toEqual(samples.filter((each) => kept.includes(each)));
        for (const uid of ['a', 'b']) {
          const useful = samples.filter(({ at }) => at >= BEGAN && at >= BEGAN - 100_000);
          const newest = useful.findLast((each) => each.uid === uid);
          if (newest !== undefined) expect(kept).toContain(newest);
        }
      }),
    );
  });
});
