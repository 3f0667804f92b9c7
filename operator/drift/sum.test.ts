import { describe, expect, it } from 'vitest';
import type { PodDrift } from '#contract/pod-drift.ts';
import { seeded } from '#test/support/random.ts';
import { CHURN, drawn, moved, reportOf, tilted, upperBound, windows } from './simulation.ts';
import { DriftSum } from './sum.ts';

const HOUR = 3_600_000;
const RULE = { maxPsi: 0.2, minSamples: 200 };

/** One feature of two ranges, under, over and missing. */
function report(counts: readonly number[], more: Partial<PodDrift> = {}): PodDrift {
  const features = [{ name: 'age', categories: 0, reference: [0, 500, 500, 0, 0], counts: [...counts] }];
  return { formatVersion: 1, instance: 'one', ageMs: 0, leftOut: 0, features, ...more };
}

function sumAt(): { sum: DriftSum; pass: (ms: number) => void; rows: () => number | undefined } {
  let now = 0;
  const sum = new DriftSum(HOUR, () => now);
  // With a limit that cannot be reached, the state says whether the window has the rows.
  const rows = (): number | undefined =>
    [1000, 500, 200, 100].find((least) =>
      sum.features({ maxPsi: 10, minSamples: least }).some(({ state }) => state !== 'tooFewRows'),
    );
  return { sum, pass: (ms) => (now += ms), rows };
}

describe('the sum over pods', () => {
  it('sees drift that no pod has enough rows to see by itself', () => {
    const { sum } = sumAt();
    for (const pod of ['a', 'b', 'c']) sum.add(pod, report([0, 20, 80, 0, 0]));
    const [age] = sum.features(RULE);
    expect(age).toMatchObject({ name: 'age', state: 'drifted' });
    const alone = sumAt().sum;
    alone.add('a', report([0, 20, 80, 0, 0]));
    expect(alone.features(RULE)[0]?.state).toBe('tooFewRows');
  });

  it('counts what came since the last report, once', () => {
    const { sum, rows, pass } = sumAt();
    sum.add('a', report([0, 50, 50, 0, 0]));
    pass(30_000);
    sum.add('a', report([0, 100, 100, 0, 0], { ageMs: 30_000 }));
    sum.add('a', report([0, 100, 100, 0, 0], { ageMs: 30_000 }));
    expect(rows()).toBe(200);
  });

  it('counts nothing that a pod answered before anybody looked', () => {
    const { sum, rows } = sumAt();
    sum.add('a', report([0, 500, 500, 0, 0], { ageMs: 5 * HOUR }));
    expect(rows()).toBeUndefined();
    sum.add('a', report([0, 600, 600, 0, 0], { ageMs: 5 * HOUR }));
    expect(rows()).toBe(200);
  });

  it('counts all of a pod that came or restarted within the window, and keeps what went with one that is gone', () => {
    const { sum, rows, pass } = sumAt();
    sum.add('a', report([0, 100, 100, 0, 0]));
    pass(60_000);
    sum.add('a', report([0, 50, 50, 0, 0], { instance: 'two', ageMs: 1_000 }));
    sum.add('b', report([0, 100, 100, 0, 0], { ageMs: 2_000 }));
    expect(rows()).toBe(500);
    sum.keepOnly(new Set(['b']));
    expect(rows()).toBe(500);
    // It comes back after an outage of its node, and has counted before anybody looked at it again.
    sum.add('a', report([0, 5000, 5000, 0, 0], { instance: 'two', ageMs: 5 * HOUR }));
    expect(sum.features({ maxPsi: 10, minSamples: 1000 })[0]?.state).toBe('tooFewRows');
  });

  it('counts nothing of a pod that could not be asked for longer than the window', () => {
    const { sum, rows, pass } = sumAt();
    sum.add('a', report([0, 50, 50, 0, 0]));
    pass(2 * HOUR);
    sum.add('a', report([0, 500, 500, 0, 0], { ageMs: 2 * HOUR }));
    expect(rows()).toBeUndefined();
    sum.add('a', report([0, 600, 600, 0, 0], { ageMs: 2 * HOUR }));
    expect(rows()).toBe(200);
  });

  it('forgets what is older than the window', () => {
    const { sum, rows, pass } = sumAt();
    sum.add('a', report([0, 500, 500, 0, 0]));
    expect([sum.complete, rows()]).toEqual([false, 1000]);
    pass(HOUR + HOUR / 20 + 1);
    expect([sum.complete, rows()]).toEqual([true, undefined]);
  });

  it('refuses a pod whose bins are others', () => {
    const { sum } = sumAt();
    sum.add('a', report([0, 1, 1, 0, 0]));
    const other = { name: 'age', categories: 0, reference: [0, 9, 9, 0, 0], counts: [0, 1, 1, 0, 0] };
    expect(() => sum.add('b', report([], { features: [other] }))).toThrow('not those of the revision');
    const short = { ...other, counts: [1] };
    expect(() => sumAt().sum.add('b', report([], { features: [short] }))).toThrow('do not fit');
  });

  it('is as small as its bins, whatever the pods say of themselves', () => {
    const { sum } = sumAt();
    sum.add('a', report([0, 1, 1, 0, 0]));
    expect(sum.bytes).toBeLessThan(2000);
    sum.add('a', report([0, Number.MAX_SAFE_INTEGER, 1, 0, 0]));
    expect(Number.isFinite(sum.features(RULE)[0]?.psi)).toBe(true);
  });
});

describe('windows of traffic', () => {
  const simulation = { trained: CHURN, sent: CHURN, referenceRows: 8000, rows: 300, pods: 3, rule: RULE };

  // The figure `drift` has 10,000 of each of six sizes; of so few, none may be wrong.
  it('at rest are hardly ever called drifted: less than once in 1,000, with 95 % confidence', () => {
    let alarms = 0;
    for (const drifted of windows({ ...simulation, pods: 1 }, 3000, 1)) if (drifted.length > 0) alarms += 1;
    expect(upperBound(alarms, 3000)).toBeLessThanOrEqual(0.001);
  }, 60_000);

  it('with a feature that moved are found, and name that feature', () => {
    const sent = tilted(CHURN, 'Age', 1.9);
    for (const drifted of windows({ ...simulation, sent, rows: 1000 }, 50, 2))
      expect(drifted).toEqual(['Age']);
  });

  it('with 40 % of a feature far out of range have an index above 1', () => {
    const random = seeded(3);
    for (let window = 0; window < 50; window++) {
      const { sum } = sumAt();
      const sent = drawn(moved(CHURN, 'Age', 0.4), 200, random);
      sum.add('a', reportOf(CHURN, drawn(CHURN, 8000, random), sent));
      const [farthest] = sum.features(RULE);
      expect(farthest).toMatchObject({ name: 'Age', state: 'drifted' });
      expect(farthest?.psi).toBeGreaterThan(1);
    }
  });

  it('are bounded as the binomial distribution has it', () => {
    // The rule of three, and a table's value (10 of 100: 0.1637).
    expect(upperBound(0, 10_000)).toBeCloseTo(3e-4, 5);
    expect(upperBound(10, 100)).toBeCloseTo(0.1637, 3);
  });
});
