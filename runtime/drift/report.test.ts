import { expect, test } from 'vitest';
import type { Manifest, Reference } from '#contract/model-manifest.ts';
import { DriftMonitor } from './monitor.ts';
import { duration, measure } from './report.ts';
import { described, SETTINGS } from './testing.ts';

const MODEL = { name: 'm', version: '1', revision: 'local' };
const HALVES: NonNullable<Reference['prediction']> = {
  kind: 'numeric',
  edges: [0, 1, 2],
  counts: [5000, 5000],
  under: 0,
  over: 0,
  missing: 0,
};

/** A report after 400 rows in which so many of the features, and the prediction or not, went to one side. */
function reportOf(features: number, moved: number, prediction: 'drifted' | 'steady' | 'none') {
  const names = Array.from({ length: features }, (_, i) => `f${i}`);
  const fields: Partial<Manifest> = prediction === 'none' ? {} : { task: 'regression' };
  const { manifest, graph } = described(
    names.map((name) => ({ name, type: 'float32', shape: [null, 1] })),
    [{ name: 'y', type: 'float32', shape: [null, 1] }],
    fields,
  );
  const reference: Reference = {
    formatVersion: 1,
    rows: 10_000,
    features: Object.fromEntries(names.map((name) => [name, HALVES])),
    prediction: HALVES,
  };
  const monitor = new DriftMonitor({ manifest, graph, reference }, SETTINGS, () => 0);
  const rows = (drifts: boolean, degree: number) => ({
    type: 'float32' as const,
    dims: [400, 1],
    data: Float32Array.from({ length: 400 }, (_, i) => (drifts && i % 40 >= degree ? 0.5 : (i % 2) + 0.5)),
  });
  // The later ones moved farther.
  monitor.observe(
    names.map((_, i) => rows(i < moved, 2 * (moved - i))),
    [rows(prediction === 'drifted', 0)],
  );
  return measure(monitor, MODEL, 0);
}

test.each([
  [3, 0, 'steady', 'None of 3 features has drifted, nor has the prediction.'],
  [3, 0, 'drifted', 'None of 3 features has drifted, but the prediction has.'],
  [3, 1, 'steady', '1 of 3 features has drifted (f0); the prediction has not.'],
  [3, 2, 'drifted', '2 of 3 features have drifted (f1, f0), and so has the prediction.'],
  [9, 7, 'none', '7 of 9 features have drifted (f6, f5, f4, f3, f2 and 2 more).'],
  [1, 1, 'drifted', 'f0 has drifted, and so has the prediction.'],
  [1, 0, 'none', 'f0 has not drifted.'],
  [0, 0, 'drifted', 'The prediction has drifted.'],
  [0, 0, 'steady', 'The prediction has not drifted.'],
] as const)('of %d features %d and a prediction that is %s: %s', (features, moved, prediction, message) => {
  const report = reportOf(features, moved, prediction);
  expect(report.message).toBe(message);
  expect(report.state).toBe(moved > 0 || prediction === 'drifted' ? 'drifted' : 'steady');
});

test('features are in the order of how far they moved', () => {
  const { features } = reportOf(5, 4, 'none');
  expect(features.map(({ name }) => name).slice(0, 4)).toEqual(['f3', 'f2', 'f1', 'f0']);
  const indices = features.map(({ psi }) => psi ?? 0);
  expect(indices).toEqual(indices.toSorted((a, b) => b - a));
});

test.each([
  [3600, 'hour'],
  [86_400, 'day'],
  [7200, '2 hours'],
  [5400, '90 minutes'],
  [90, '90 seconds'],
])('%d seconds are "the last %s"', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
