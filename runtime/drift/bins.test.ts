import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layoutOf, MAX_CATEGORIES, numericBin, type NumericBins } from './bins.ts';

const FLOAT = { type: 'float32', integer: false } as const;

function numeric(edges: readonly number[], fields: Partial<NumericBins> = {}): NumericBins {
  const counts = edges.slice(1).map(() => 10);
  return { kind: 'numeric', edges: [...edges], counts, under: 1, over: 2, missing: 3, ...fields };
}

describe("a number's bin", () => {
  test('is the one that a plain search finds', () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    const edges = fc.uniqueArray(number, { minLength: 2, maxLength: 40, comparator: 'SameValueZero' });
    fc.assert(
      fc.property(edges, fc.oneof(number, fc.double()), fc.nat(), (unsorted, free, pick) => {
        const sorted = Float64Array.from(unsorted).toSorted();
        const last = sorted.length - 1;
        const onEdge = sorted[pick % sorted.length] ?? 0;
        for (const value of [free, onEdge]) {
          const plain = Number.isNaN(value)
            ? last + 2
            : value === sorted[last]
              ? last
              : sorted.filter((edge) => edge <= value).length;
          expect(numericBin(sorted, value)).toBe(plain);
        }
      }),
    );
  });

  test.each([
    [-0.1, 0],
    [0, 1],
    [0.999, 1],
    [1, 2],
    [3, 2],
    [3.001, 3],
    [Infinity, 3],
    [-Infinity, 0],
    [NaN, 4],
  ])('for edges 0, 1, 3: %d is in bin %d', (value, bin) => {
    expect(numericBin(Float64Array.of(0, 1, 3), value)).toBe(bin);
  });

  test("is the training data's, though a tensor rounds its values", () => {
    const layout = layoutOf(numeric([0.1, 0.7, 0.9]), FLOAT);
    if (!('kind' in layout) || layout.kind !== 'numeric') throw new Error('no layout');
    // As float32 0.1 is a little more, 0.7 and 0.9 a little less.
    const bins = [0.1, 0.7, 0.9].map((value) => numericBin(layout.edges, Math.fround(value)));
    expect(bins).toEqual([1, 2, 2]);
  });

  test('of a constant feature is found, though rounding makes its edges one', () => {
    const layout = layoutOf(numeric([5, 5.000000000000001]), FLOAT);
    if (!('kind' in layout) || layout.kind !== 'numeric') throw new Error('no layout');
    expect([4.999, 5, 5.001].map((value) => numericBin(layout.edges, value))).toEqual([0, 1, 2]);
  });
});

describe('a layout', () => {
  test.each([
    [
      'deciles',
      [11.579999923706055, 20330.20722656251, 199992.484375],
      false,
      ['11.58 to 20330.2', '20330.2 to 199992'],
    ],
    ['whole numbers', [-0.5, 0.5, 1.5, 10.5], true, ['0', '1', '2 to 10']],
    ['whole numbers that are not said to be', [-0.5, 0.5, 1.5], false, ['-0.5 to 0.5', '0.5 to 1.5']],
    ['edges that differ late', [1, 1.0000001, 2], false, ['1 to 1.0000001', '1.0000001 to 2']],
  ])('names %s', (_, edges, integer, texts) => {
    const layout = layoutOf(numeric(edges), { type: 'float32', integer });
    expect(layout).toMatchObject({ texts: ['under', ...texts, 'over', 'missing'] });
  });

  test('of categories has the commonest first, the rest and the empty text where they belong', () => {
    const counts = { rare: 1, '': 4, common: 9, other: 2 };
    expect(layoutOf({ kind: 'categorical', counts, other: 3, missing: 5 }, FLOAT)).toEqual({
      kind: 'categorical',
      categories: ['common', 'other', 'rare'],
      texts: ['common', '"other"', 'rare', 'other', 'missing'],
      reference: [9, 2, 1, 3, 9],
    });
  });

  test('of very many categories counts the rarest as other', () => {
    const counts = Object.fromEntries(
      Array.from({ length: MAX_CATEGORIES + 5 }, (_, i) => [`c${i}`, 10_000 - i]),
    );
    const layout = layoutOf({ kind: 'categorical', counts, other: 1, missing: 0 }, FLOAT);
    if (!('reference' in layout)) throw new Error('no layout');
    expect(layout.reference).toHaveLength(MAX_CATEGORIES + 2);
    expect(layout.reference.at(-2)).toBe(1 + 5 * 10_000 - (1000 + 1001 + 1002 + 1003 + 1004));
  });

  test.each([
    ['counts that do not fit the edges', numeric([0, 1, 2], { counts: [1] }), '3 edges and 1 counts'],
    ['edges that do not rise', numeric([0, 2, 2]), 'edge 2 is 2 after 2'],
    ['no rows', numeric([0, 1], { counts: [0], under: 0, over: 0, missing: 0 }), 'counted no rows'],
  ])('is refused for %s', (_, bins, reason) => {
    expect(layoutOf(bins, FLOAT)).toMatchObject({ reason: expect.stringContaining(reason) as string });
  });
});
