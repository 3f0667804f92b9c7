import type { Manifest, Reference } from '#contract/model-manifest.ts';
import type { GraphValues } from './columns.ts';
import { DriftMonitor } from './monitor.ts';
import { measure, unavailable, type DriftReport, type ModelName } from './report.ts';
import type { DriftSettings } from './settings.ts';

export { registerDriftMetrics } from './metrics.ts';
export type { DriftMonitor } from './monitor.ts';
export { DRIFT_DEFAULTS, type DriftSettings } from './settings.ts';
export type { DriftReport } from './report.ts';
export { podDrift } from './pod-drift.ts';

/** Drift is measured, or there is nothing to measure it against. */
export type Drift =
  | { readonly kind: 'measured'; readonly monitor: DriftMonitor }
  | { readonly kind: 'unavailable'; readonly message: string };

export interface DriftModel {
  /** What describes the model, be it model.json or the graph. */
  readonly manifest: Manifest;
  readonly bundle: boolean;
  readonly reference: Reference | undefined;
  readonly graph: GraphValues;
}

const WHAT_TO_DO =
  'To have it, write a reference.json with the bins of the training data, list it in model.json\'s "files" and name it in "reference" (docs/drift.md).';
const MAKE_A_BUNDLE =
  'To have it, make a bundle of it: a model.json that names a reference.json with the bins of the training data (docs/drift.md).';

/** Begins to measure the drift of a model that was loaded. */
export function compileDrift(model: DriftModel, settings: DriftSettings): Drift {
  const { manifest, bundle, reference, graph } = model;
  if (reference === undefined) {
    const message = bundle
      ? `model.json names no drift reference. ${WHAT_TO_DO}`
      : `the model is a bare .onnx file, which has no drift reference. ${MAKE_A_BUNDLE}`;
    return { kind: 'unavailable', message: `Drift is not available: ${message}` };
  }
  const monitor = new DriftMonitor({ manifest, reference, graph }, settings);
  if (monitor.compared.length > 0) return { kind: 'measured', monitor };
  const reasons = monitor.notCompared.slice(0, 5).map(({ name, reason }) => `${name}: ${reason}`);
  const message = `Drift is not available: reference.json has bins for nothing that this model is given or answers (${reasons.join('; ')}). ${WHAT_TO_DO}`;
  return { kind: 'unavailable', message };
}

/** What GET /drift says now. */
export function driftReport(drift: Drift, model: ModelName): DriftReport {
  return drift.kind === 'measured'
    ? measure(drift.monitor, model, Date.now())
    : unavailable(drift.message, model);
}
