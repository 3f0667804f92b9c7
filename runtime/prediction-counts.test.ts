import { describe, expect, test } from 'vitest';
import { podReportSchema } from '#contract/pod-report.ts';
import { decodePredictions, encodePredictions } from '#runtime/traffic/predictions-header.ts';
import { predictionBins, PredictionCounts, type PredictionScale } from './prediction-counts.ts';

const BANDS: PredictionScale = { kind: 'probability', outcomes: ['LOW', 'HIGH'], buckets: [0.5] };
const PRICES: PredictionScale = { kind: 'value', outcomes: ['value'], buckets: [100, 200, 500] };

function counted(scale: PredictionScale | undefined, all: readonly (readonly [string, number])[]) {
  const counts = new PredictionCounts(predictionBins(scale));
  counts.add(all.map(([outcome, value]) => ({ outcome, value })));
  return counts;
}

function isRead(predictions: Readonly<Record<string, number>>): boolean {
  const served = { requests: 0, failures: {}, latency: { bounds: [], counts: [] }, predictions };
  return podReportSchema.safeParse({ served }).success;
}

describe('predictions are counted', () => {
  test.each<[string, string, number, string]>([
    ['by outcome and probability', 'LOW', 0.12, 'LOW 0.1 to 0.15'],
    ['in the lowest bin', 'LOW', 0, 'LOW 0 to 0.05'],
    ['in the highest bin', 'HIGH', 1, 'HIGH 0.95 to 1'],
    ['as other where the outcome is not declared', 'NEW', 0.5, 'other 0.5 to 0.55'],
    ['as missing where the number is none', 'LOW', NaN, 'other missing'],
  ])('%s', (_, outcome, value, bin) => {
    expect(counted(BANDS, [[outcome, value]]).byBin()).toEqual({ [bin]: 1 });
  });

  test.each<[number, string]>([
    [-5, 'up to 100'],
    [100, 'up to 100'],
    [100.01, '100 to 200'],
    [500, '200 to 500'],
    [501, 'over 500'],
    [Infinity, 'over 500'],
    [NaN, 'missing'],
  ])('as a value in the buckets: %d', (value, bin) => {
    expect(counted(PRICES, [['value', value]]).byBin()).toEqual({ [bin]: 1 });
  });

  test('of many labels by the label alone, and never in more than 256 bins', () => {
    const outcomes = Array.from({ length: 1000 }, (_, i) => `label-${i}`);
    const counts = counted({ kind: 'probability', outcomes, buckets: [] }, [
      ...outcomes.map((outcome) => [outcome, 0.5] as const),
      ['label-0', 0.9],
    ]);
    expect(counts.byBin()).toMatchObject({ 'label-0': 2, 'label-99': 1, other: 900 });
    expect(Object.keys(counts.byBin()).length).toBeLessThanOrEqual(256);
    expect(counts.byOutcome().get('label-999')).toBe(1);
  });

  test('so that the longest names make a report that the operator reads', () => {
    const outcomes = Array.from({ length: 10_000 }, (_, i) => `${i}${'\u00e9'.repeat(250)}`);
    const all = outcomes.map((outcome) => [outcome, 0.5] as const);
    const text = JSON.stringify(counted({ kind: 'probability', outcomes, buckets: [] }, all).byBin());
    expect(3 * Buffer.byteLength(text)).toBeLessThan(48 * 1024);
  });

  test.each([1, 4, 5, 16, 17, 1000])('of %d outcomes in bins that the operator reads', (length) => {
    const outcomes = Array.from({ length }, (_, i) => `${i} `.padEnd(64, '\u4e00'));
    const values = Array.from({ length: 101 }, (_, i) => i / 100);
    const all = [...outcomes, 'none of them'].flatMap((outcome) =>
      [...values, NaN].map((value) => [outcome, value] as const),
    );
    expect(isRead(counted({ kind: 'probability', outcomes, buckets: [] }, all).byBin())).toBe(true);
  });

  test('of the longest numbers in bins that the operator reads', () => {
    const buckets = Array.from({ length: 26 }, (_, i) => -1.2345678901234567e-100 / (i + 1));
    const all = [-1, 1, NaN, ...buckets].map((value) => ['value', value] as const);
    expect(isRead(counted({ kind: 'value', outcomes: ['value'], buckets }, all).byBin())).toBe(true);
  });

  test('of a model that declares nothing too', () => {
    expect(counted(undefined, [['x', 3]]).byOutcome()).toEqual(new Map([['other', 1]]));
  });
});

test('a prediction falls into the same bin here and after it came through the header between pods', () => {
  const values = Array.from({ length: 41 }, (_, i) => Math.fround(i / 40));
  const predictions = values.map((value) => ({ outcome: 'LOW', value }));
  const here = counted(
    BANDS,
    predictions.map(({ outcome, value }) => [outcome, value] as const),
  ).byBin();
  const passed = decodePredictions(encodePredictions(predictions));
  expect(
    counted(
      BANDS,
      passed.map(({ outcome, value }) => [outcome, value] as const),
    ).byBin(),
  ).toEqual(here);
});
