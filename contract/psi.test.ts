import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chiSquareQuantile } from './chi-square.ts';
import { compare, psi, psiOfChance, type DriftRule } from './psi.ts';

const RULE: DriftRule = { threshold: 0.2, minSamples: 1000, features: 10 };

describe('the index', () => {
  test('is the sum over shares whose counts were raised by a half', () => {
    // (10.5, 30.5) of 41 against (20.5, 20.5) of 41.
    const a = 10.5 / 41;
    const b = 20.5 / 41;
    const expected = (a - b) * Math.log(a / b) + (1 - a - b) * Math.log((1 - a) / b);
    expect(psi([20, 20], [10, 30])).toBeCloseTo(expected, 12);
  });

  const counts = fc.array(fc.nat(10_000), { minLength: 2, maxLength: 30 });
  test('is finite, never negative, and nothing for the same counts', () => {
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        const length = Math.min(a.length, b.length);
        const value = psi(a.slice(0, length), b.slice(0, length));
        expect(value).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(value)).toBe(true);
        expect(psi(a, a)).toBe(0);
      }),
    );
  });

  test('sees values that left the range: 40 % of a feature moved far out', () => {
    const reference = [0, ...Array.from({ length: 10 }, () => 800), 0, 0];
    const now = [0, ...Array.from({ length: 10 }, () => 60), 400, 0];
    const { psi: value, state } = compare({ reference, now, categories: 0 }, RULE);
    expect(value).toBeGreaterThan(1);
    expect(state).toBe('drifted');
  });
});

describe('a verdict', () => {
  const reference = [0, 4000, 4000, 0, 0];
  test('is not given for fewer rows than the minimum, however far they are off', () => {
    expect(compare({ reference, now: [0, 999, 0, 0, 0], categories: 0 }, RULE).state).toBe('tooFewRows');
    expect(compare({ reference, now: [0, 1000, 0, 0, 0], categories: 0 }, RULE).state).toBe('drifted');
  });

  test('of an empty window has no index', () => {
    expect(compare({ reference, now: [0, 0, 0, 0, 0], categories: 0 }, RULE)).toMatchObject({
      state: 'tooFewRows',
      psi: undefined,
      samples: 0,
    });
  });

  test('needs more than the threshold', () => {
    const now = [0, 6500, 3500, 0, 0];
    const { psi: value = 0, chance = 0 } = compare({ reference, now, categories: 0 }, RULE);
    expect(value).toBeGreaterThan(chance);
    expect(compare({ reference, now, categories: 0 }, RULE).state).toBe('steady');
    expect(compare({ reference, now, categories: 0 }, { ...RULE, threshold: value * 0.99 }).state).toBe(
      'drifted',
    );
  });

  test('needs more than what chance explains', () => {
    // 40 training rows: 200 rows now may differ from them by far more than 0.2.
    const few = { reference: [0, 20, 20, 0, 0], now: [0, 145, 55, 0, 0], categories: 0 };
    const rule = { ...RULE, minSamples: 200, threshold: 0.1 };
    const { psi: value, limit, chance, state } = compare(few, rule);
    expect(value).toBeGreaterThan(rule.threshold);
    expect(limit).toBe(chance);
    expect(state).toBe('steady');
  });

  test('takes chance from the bins that anything fell into, at a level that the features share', () => {
    const { chance, bins } = compare(
      { reference, now: [0, 500, 480, 20, 0], categories: 0 },
      { ...RULE, features: 7 },
    );
    expect(bins).toBe(3);
    expect(chance).toBeCloseTo(chiSquareQuantile(0.001 / 7, 2) * (1 / 1000 + 1 / 8000), 12);
  });
});

describe('categories', () => {
  test('with fewer than five rows expected in the window count as other', () => {
    // Of 1000 rows now 6.25 are expected of the third category, 3.75 of the fourth.
    const reference = [4000, 3920, 50, 30, 0, 0];
    const rare = compare({ reference, now: [500, 490, 6, 0, 4, 0], categories: 4 }, RULE);
    const other = compare({ reference, now: [500, 490, 6, 4, 0, 0], categories: 4 }, RULE);
    expect(rare).toMatchObject({ merged: 1, bins: 4 });
    expect(rare.psi).toBe(other.psi);
    expect(compare({ reference, now: [5000, 4900, 60, 40, 0, 0], categories: 4 }, RULE).merged).toBe(0);
  });

  test('that nobody knew drift as other', () => {
    const { state } = compare(
      { reference: [4000, 4000, 0, 0], now: [400, 300, 300, 0], categories: 2 },
      RULE,
    );
    expect(state).toBe('drifted');
  });

  test('bins of a number are never merged, nor is missing', () => {
    const { merged, bins } = compare(
      { reference: [0, 7998, 1, 1, 0, 0], now: [0, 998, 1, 1, 0, 0], categories: 0 },
      RULE,
    );
    expect({ merged, bins }).toEqual({ merged: 0, bins: 3 });
    expect(compare({ reference: [7998, 0, 2], now: [1000, 0, 0], categories: 1 }, RULE)).toMatchObject({
      merged: 0,
      bins: 2,
    });
  });
});

describe('in simulation', () => {
  const FEATURES = 10;
  const shapes = [
    { bins: 10, skew: 0, rows: 200, reference: 4000 },
    { bins: 10, skew: 2, rows: 1000, reference: 1000 },
    { bins: 4, skew: 3, rows: 500, reference: 4000 },
    { bins: 20, skew: 1, rows: 3000, reference: 4000 },
  ];

  test.each(shapes)(
    'models that did not drift give fewer false alarms than one in a thousand: %o',
    (shape) => {
      const random = randomNumbers(7);
      const models = 500;
      let alarms = 0;
      for (let model = 0; model < models; model++) {
        let alarm = false;
        for (let feature = 0; feature < FEATURES; feature++) {
          const shares = skewed(shape.bins, shape.skew, random);
          const counts = {
            reference: drawn(shares, shape.bins, shape.reference, random),
            now: drawn(shares, shape.bins, shape.rows, random),
            categories: 0,
          };
          // Without a threshold, so that chance's bound alone decides.
          const { state } = compare(counts, { threshold: 0, minSamples: 200, features: FEATURES });
          alarm ||= state === 'drifted';
        }
        if (alarm) alarms++;
      }
      // Half a one is expected; five or more come by chance with probability 0.0002.
      expect(alarms).toBeLessThan(5);
    },
  );

  test('nor do many categories, though few training rows were seen of each', () => {
    const random = randomNumbers(5);
    const categories = 200;
    const shares = tabled(Array.from({ length: categories }, (_, rank) => 1 / (rank + 1)));
    let alarms = 0;
    for (let feature = 0; feature < 2000; feature++) {
      const counts = {
        reference: drawn(shares, categories + 2, 500, random),
        now: drawn(shares, categories + 2, 1000, random),
        categories,
      };
      const rule = { ...RULE, features: FEATURES };
      if (compare(counts, rule).state === 'drifted') alarms++;
    }
    // One of 10,000 is expected; three or more of 2,000 come by chance with probability 0.001.
    expect(alarms).toBeLessThan(3);
  });

  test.each([200, 1000, 5000])('a shift by one of ten bins is always seen in %d rows', (rows) => {
    const random = randomNumbers(11);
    const before = tabled(Array.from({ length: 10 }, () => 1));
    const after = tabled([0, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
    for (let run = 0; run < 100; run++) {
      const counts = {
        reference: drawn(before, 10, 8000, random),
        now: drawn(after, 10, rows, random),
        categories: 0,
      };
      expect(compare(counts, { ...RULE, minSamples: 200 }).state).toBe('drifted');
    }
  });
});

test("chance's bound falls as rows are added, on either side", () => {
  const rows = fc.integer({ min: 200, max: 1e6 });
  fc.assert(
    fc.property(rows, rows, fc.integer({ min: 2, max: 100 }), (now, reference, bins) => {
      const bound = psiOfChance(bins, now, reference, 10);
      expect(psiOfChance(bins, now * 2, reference, 10)).toBeLessThan(bound);
      expect(psiOfChance(bins, now, reference * 2, 10)).toBeLessThan(bound);
      expect(psiOfChance(bins + 1, now, reference, 10)).toBeGreaterThan(bound);
      expect(psiOfChance(bins, now, reference, 100)).toBeGreaterThan(bound);
    }),
  );
});

const TABLE = 4096;

/** Bins in shares that differ the more, the greater `skew` is: one row of a table for each 4096th of all values. */
function skewed(bins: number, skew: number, random: () => number): Uint8Array {
  return tabled(Array.from({ length: bins }, () => Math.exp((-skew * random()) / 2 ** 32)));
}

function tabled(weights: readonly number[]): Uint8Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const table = new Uint8Array(TABLE);
  let at = 0;
  for (const [bin, weight] of weights.entries()) {
    const width = (weight / total) * TABLE;
    table.fill(bin, Math.round(at), Math.round(at + width));
    at += width;
  }
  return table;
}

/** How often each bin was hit by so many rows. */
function drawn(table: Uint8Array, bins: number, rows: number, random: () => number): Uint32Array {
  const counts = new Uint32Array(bins);
  for (let row = 0; row < rows; row++) {
    const bin = table[random() >>> 20] ?? 0;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/** xorshift32 (Marsaglia 2003): whole numbers below 2^32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
