import { Counter, Gauge, type Registry } from 'prom-client';
import type { BinLayout } from './bins.ts';
import type { DriftMonitor } from './monitor.ts';
import type { Comparison } from '#contract/psi.ts';

/** Most bins of one feature that are time series of their own; "missing", "under", "over" and "other" come on top. */
const MAX_SERIES = 50;

/** Registers what is known of drift; everything is computed when it is read. */
export function registerDriftMetrics(registry: Registry, monitor: DriftMonitor): void {
  const gauge = (name: string, help: string, read: (comparison: Comparison) => number | undefined): void => {
    const metric = new Gauge({
      name,
      help,
      labelNames: ['feature'],
      registers: [],
      collect() {
        this.reset();
        for (const { column, comparison } of monitor.readings()) {
          const value = read(comparison);
          if (value !== undefined) this.set({ feature: column.name }, value);
        }
      },
    });
    registry.registerMetric(metric);
  };
  // An alert on an index of a handful of rows would tell of nothing but chance.
  const whenEnough =
    (field: 'psi' | 'limit') =>
    (comparison: Comparison): number | undefined =>
      comparison.state === 'tooFewRows' ? undefined : comparison[field];
  gauge(
    'model_prediction_drift',
    'Population stability index of each feature and of the prediction against the training data; absent while the window has too few rows.',
    whenEnough('psi'),
  );
  gauge(
    'windlass_drift_limit',
    'PSI above which a feature has drifted: the threshold, or what chance explains where that is more.',
    whenEnough('limit'),
  );
  gauge(
    'windlass_drift_samples',
    'Rows in the sliding window that drift is measured on.',
    ({ samples }) => samples,
  );
  registerValues(registry, monitor);
}

function registerValues(registry: Registry, monitor: DriftMonitor): void {
  const series = new Map(monitor.compared.map((column) => [column, seriesOf(column.layout)]));
  const metric = new Counter({
    name: 'feature_values_total',
    help: 'Values that the model was given, and predictions that it made, by bin of the reference.',
    labelNames: ['feature', 'bin'],
    registers: [],
    collect() {
      this.reset();
      for (const { column, counts } of monitor.totals()) {
        const bins = series.get(column) ?? [];
        for (const [index, count] of counts.entries()) {
          this.inc({ feature: column.name, bin: bins[index] ?? 'other' }, count);
        }
      }
    },
  });
  registry.registerMetric(metric);
}

/** The label of each bin: its text; of many categories all but the commonest are "other", of many ranges neighbours are one. */
export function seriesOf({ kind, texts }: BinLayout): readonly string[] {
  if (kind === 'categorical') {
    const categories = texts.length - 2;
    return texts.map((text, index) => (index >= MAX_SERIES && index < categories ? 'other' : text));
  }
  const ranges = texts.slice(1, -2);
  const step = Math.ceil(ranges.length / MAX_SERIES);
  const labels = ranges.map((_, index) => {
    const first = index - (index % step);
    const last = Math.min(first + step, ranges.length) - 1;
    return first === last
      ? (ranges[first] ?? '')
      : `${ranges[first]?.split(' to ')[0]} to ${ranges[last]?.split(' to ').at(-1)}`;
  });
  return ['under', ...labels, 'over', 'missing'];
}
