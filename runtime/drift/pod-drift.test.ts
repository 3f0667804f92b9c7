import { expect, test } from 'vitest';
import { POD_DRIFT_LIMITS, podDriftSchema } from '#contract/pod-drift.ts';
import { compileDrift } from './index.ts';
import { podDrift } from './pod-drift.ts';
import { described, SETTINGS } from './testing.ts';

const PROCESS = { revision: 'churn-0123456789', instance: 'one' };

function numbers(names: readonly string[]) {
  return {
    formatVersion: 1 as const,
    rows: 30,
    features: Object.fromEntries(
      names.map((name) => [
        name,
        { kind: 'numeric' as const, edges: [0, 1, 2], counts: [10, 20], under: 0, over: 0, missing: 0 },
      ]),
    ),
  };
}

function driftOf(names: readonly string[], values: readonly number[]) {
  const inputs = names.map((name) => ({ name, type: 'float32' as const, shape: [null, 1] }));
  const drift = compileDrift({ ...described(inputs, []), bundle: true, reference: numbers(names) }, SETTINGS);
  if (drift.kind !== 'measured') throw new Error(drift.message);
  const data = Float32Array.from(values);
  const tensor = { type: 'float32' as const, dims: [data.length, 1], data };
  drift.monitor.observe(
    names.map(() => tensor),
    [],
  );
  return drift;
}

test('a report has the bins of the reference beside what fell into them since the start', () => {
  const report = podDrift(driftOf(['age'], [-1, 0.5, 1.5, 1.6, 7, Number.NaN]), PROCESS);
  expect(podDriftSchema.parse(report)).toMatchObject({
    formatVersion: 1,
    ...PROCESS,
    features: [{ name: 'age', categories: 0, reference: [0, 10, 20, 0, 0], counts: [1, 1, 2, 1, 1] }],
    leftOut: 0,
  });
});

test('a model with more features than a report may have reports the first of them, and how many are left out', () => {
  const names = Array.from({ length: POD_DRIFT_LIMITS.features + 3 }, (_, i) => `f${i}`);
  const report = podDriftSchema.parse(podDrift(driftOf(names, [1]), PROCESS));
  expect([report.features.length, report.leftOut]).toEqual([POD_DRIFT_LIMITS.features, 3]);
});

test('a pod without a reference, or without a model yet, says why it counts nothing', () => {
  const none = podDrift({ kind: 'unavailable', message: 'model.json names no drift reference.' }, PROCESS);
  expect(podDriftSchema.parse(none)).toMatchObject({
    unavailable: 'model.json names no drift reference.',
    features: [],
  });
  expect(podDriftSchema.parse(podDrift(undefined, PROCESS)).unavailable).toContain('No model');
});
