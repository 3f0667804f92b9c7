import { expect, test } from 'vitest';
import type { Manifest } from '#contract/model-manifest.ts';
import type { Tensor } from '#runtime/engine/tensor.ts';
import { MissingFeatures, missingText } from './missing.ts';

const base = { shape: [null, 1], required: false, integer: false };
const INPUTS: Manifest['inputs'] = [
  { ...base, name: 'Age', type: 'float32' },
  { ...base, name: 'Country', type: 'string' },
  { ...base, name: 'Id', type: 'float32', required: true },
];
const GRAPH = { inputs: INPUTS, outputs: [] };

/** `count` rows, of which the first `ages` have no age and the first `countries` no country. */
function rows(count: number, ages: number, countries: number): readonly Tensor[] {
  const dims = [count, 1];
  return [
    { type: 'float32', dims, data: Float32Array.from({ length: count }, (_, i) => (i < ages ? NaN : 40)) },
    { type: 'string', dims, data: Array.from({ length: count }, (_, i) => (i < countries ? '' : 'Spain')) },
    { type: 'float32', dims, data: new Float32Array(count).fill(NaN) },
  ];
}

test('a feature that clients stop sending is named with its share, once in ten minutes', () => {
  const missing = new MissingFeatures(INPUTS, undefined, GRAPH);
  missing.observe(rows(200, 50, 2), 200);
  const [found, ...others] = missing.look(0);
  expect(others).toEqual([]);
  expect(found).toEqual({ feature: 'Age', share: 0.25, training: undefined, rows: 200 });
  expect(found === undefined ? '' : missingText(found)).toContain(
    '"Age" is missing in 25.0 % of the last 200 rows',
  );
  missing.observe(rows(200, 50, 20), 200);
  expect(missing.look(60_000).map(({ feature }) => feature)).toEqual(['Country']);
  missing.observe(rows(200, 50, 20), 200);
  expect(missing.look(601_000).map(({ feature }) => feature)).toEqual(['Age']);
});

test('what was as often missing in training is as it should be', () => {
  const feature = { kind: 'numeric' as const, edges: [0, 100], counts: [75], under: 0, over: 0, missing: 25 };
  const reference = { formatVersion: 1 as const, rows: 100, features: { Age: feature } };
  const missing = new MissingFeatures(INPUTS, reference, GRAPH);
  missing.observe(rows(200, 58, 0), 200);
  expect(missing.look(0)).toEqual([]);
  missing.observe(rows(200, 62, 0), 200);
  expect(missing.look(1)).toMatchObject([{ feature: 'Age', share: 0.31, training: 0.25 }]);
});

test('a few rows say nothing yet, and count together with those that come later', () => {
  const missing = new MissingFeatures(INPUTS, undefined, GRAPH);
  missing.observe(rows(60, 60, 0), 60);
  expect(missing.look(0)).toEqual([]);
  missing.observe(rows(60, 0, 0), 60);
  expect(missing.look(1)).toMatchObject([{ feature: 'Age', share: 0.5, rows: 120 }]);
});
