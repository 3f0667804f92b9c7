import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { Reference } from '#contract/model-manifest.ts';
import { layoutOf } from './bins.ts';
import { registerDriftMetrics, seriesOf } from './metrics.ts';
import { DriftMonitor } from './monitor.ts';
import { described, SETTINGS } from './testing.ts';

const REFERENCE: Reference = {
  formatVersion: 1,
  rows: 1000,
  features: {
    Age: { kind: 'numeric', edges: [0, 50, 100], counts: [500, 500], under: 0, over: 0, missing: 0 },
  },
};

test('the index is exported once the window has enough rows, the counts at once and for ever', async () => {
  const { manifest, graph } = described([{ name: 'Age', type: 'float32', shape: [null, 1] }], []);
  const clock = { now: 0 };
  const monitor = new DriftMonitor({ manifest, graph, reference: REFERENCE }, SETTINGS, () => clock.now);
  const registry = new Registry();
  registerDriftMetrics(registry, monitor);
  const run = (rows: number, age: number) =>
    monitor.observe([{ type: 'float32', dims: [rows, 1], data: new Float32Array(rows).fill(age) }], []);

  run(199, 70);
  const early = await registry.metrics();
  expect(early).not.toContain('model_prediction_drift{');
  expect(early).toContain('feature_values_total{feature="Age",bin="50 to 100"} 199');
  expect(early).toContain('feature_values_total{feature="Age",bin="under"} 0');
  expect(early).toContain('windlass_drift_samples{feature="Age"} 199');

  run(1, 70);
  const enough = await registry.metrics();
  expect(enough).toMatch(/model_prediction_drift\{feature="Age"\} [1-9]/);
  expect(enough).toContain('windlass_drift_limit{feature="Age"} 0.2');

  clock.now += 3 * SETTINGS.windowSeconds * 1000;
  const late = await registry.metrics();
  expect(late).not.toContain('model_prediction_drift{');
  expect(late).toContain('windlass_drift_samples{feature="Age"} 0');
  expect(late).toContain('feature_values_total{feature="Age",bin="50 to 100"} 200');
});

test('a feature has at most 50 series and its special ones', () => {
  const counts = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`c${i}`, 300 - i]));
  const categories = layoutOf(
    { kind: 'categorical', counts, other: 0, missing: 0 },
    { type: 'string', integer: false },
  );
  if ('reason' in categories) throw new Error(categories.reason);
  const labels = seriesOf(categories);
  expect(labels).toHaveLength(302);
  expect(new Set(labels).size).toBe(52);
  expect(labels.slice(48, 52)).toEqual(['c48', 'c49', 'other', 'other']);
  expect(labels.slice(-2)).toEqual(['other', 'missing']);

  const edges = Array.from({ length: 1000 }, (_, i) => i);
  const numbers = layoutOf(
    { kind: 'numeric', edges, counts: edges.slice(1), under: 0, over: 0, missing: 0 },
    { type: 'float32', integer: false },
  );
  if ('reason' in numbers) throw new Error(numbers.reason);
  const ranges = seriesOf(numbers);
  expect(ranges).toHaveLength(999 + 3);
  expect(new Set(ranges).size).toBeLessThanOrEqual(53);
  expect(ranges.slice(0, 2)).toEqual(['under', '0 to 20']);
  expect(ranges.slice(-3)).toEqual(['980 to 999', 'over', 'missing']);
});
