import type { BinLayout } from './bins.ts';
import type { NotCompared } from './columns.ts';
import type { DriftMonitor, Reading } from './monitor.ts';
import type { FeatureState } from '#contract/psi.ts';

/** What GET /drift answers to machines, and what the page is made from. Shares are between 0 and 1. */
export type DriftReport = MeasuredReport | UnavailableReport;

export interface UnavailableReport {
  readonly state: 'notAvailable';
  readonly message: string;
  readonly model: ModelName;
  readonly features: readonly [];
  readonly notCompared: readonly NotCompared[];
}

export interface MeasuredReport {
  readonly state: FeatureState;
  readonly message: string;
  readonly model: ModelName;
  readonly window: {
    readonly seconds: number;
    /** The oldest row that may be in the window, ISO 8601. */
    readonly since: string;
    readonly rows: number;
    readonly minSamples: number;
  };
  readonly threshold: number;
  readonly referenceRows: number;
  /** The one that moved farthest first. */
  readonly features: readonly FeatureReport[];
  readonly notCompared: readonly NotCompared[];
}

export interface ModelName {
  readonly name: string;
  readonly version: string;
  readonly revision: string;
}

export interface FeatureReport {
  readonly name: string;
  /** `picture`: a property of the pictures that were sent. */
  readonly role: 'input' | 'picture' | 'prediction';
  readonly kind: 'numeric' | 'categorical';
  readonly description: string | null;
  readonly state: FeatureState;
  readonly psi: number | null;
  /** PSI above which it has drifted, and what of it is chance. */
  readonly limit: number;
  readonly chance: number | null;
  readonly samples: number;
  readonly missing: Shares;
  /** Categories too rare to be compared by themselves; they are compared as "other". */
  readonly mergedCategories: number;
  readonly bins: readonly BinReport[];
}

export interface Shares {
  readonly reference: number;
  readonly now: number;
}

/** How many rows fell into a bin. */
export interface BinReport {
  readonly bin: string;
  readonly reference: number;
  readonly now: number;
}

/** Drift as it stands. `clock` is the wall clock, in ms since 1970. */
export function measure(monitor: DriftMonitor, model: ModelName, clock: number): MeasuredReport {
  const readings = monitor.readings();
  const rows = Math.max(0, ...readings.map(({ comparison }) => comparison.samples));
  const { windowSeconds, minSamples, threshold } = monitor.settings;
  return {
    state: stateOf(readings),
    message: statement(readings, rows, minSamples, windowSeconds),
    model,
    window: {
      seconds: windowSeconds,
      since: new Date(clock - monitor.windowAgeMs()).toISOString(),
      rows,
      minSamples,
    },
    threshold,
    referenceRows: monitor.referenceRows,
    features: readings
      .toSorted((a, b) => (b.comparison.psi ?? 0) - (a.comparison.psi ?? 0))
      .map((reading) => featureReport(reading)),
    notCompared: monitor.notCompared,
  };
}

/** Without a reference there is nothing to compare with. */
export function unavailable(message: string, model: ModelName): UnavailableReport {
  return { state: 'notAvailable', message, model, features: [], notCompared: [] };
}

function featureReport({ column, now, comparison }: Reading): FeatureReport {
  const { name, role, layout, description = null } = column;
  const { state, psi = null, chance = null, limit, samples, merged } = comparison;
  return {
    name,
    role,
    kind: layout.kind,
    description,
    state,
    psi,
    limit,
    chance,
    samples,
    missing: { reference: missingShare(layout.reference), now: missingShare(now) },
    mergedCategories: merged,
    bins: bins(layout, now),
  };
}

function bins({ texts, reference }: BinLayout, now: Float64Array): readonly BinReport[] {
  return texts.map((bin, index) => ({ bin, reference: reference[index] ?? 0, now: now[index] ?? 0 }));
}

/** "missing" is the last bin. */
function missingShare(counts: readonly number[] | Float64Array): number {
  let rows = 0;
  for (const count of counts) rows += count;
  return rows === 0 ? 0 : (counts.at(-1) ?? 0) / rows;
}

function stateOf(readings: readonly Reading[]): FeatureState {
  const states = new Set(readings.map(({ comparison }) => comparison.state));
  if (states.has('drifted')) return 'drifted';
  return states.has('steady') ? 'steady' : 'tooFewRows';
}

/** One sentence that says it: "3 of 10 features have drifted (Age, Balance, Tenure), and so has the prediction." */
function statement(
  readings: readonly Reading[],
  rows: number,
  minSamples: number,
  windowSeconds: number,
): string {
  if (stateOf(readings) === 'tooFewRows') {
    return `Too few rows yet: ${rows} of ${minSamples} in the last ${duration(windowSeconds)}.`;
  }
  const inputs = readings.filter(({ column }) => column.role !== 'prediction');
  const moved = inputs.filter(({ comparison }) => comparison.state === 'drifted');
  const prediction = readings.find(({ column }) => column.role === 'prediction')?.comparison.state;
  const features = featuresStatement(inputs, moved);
  if (prediction === undefined) return `${features}.`;
  if (inputs.length === 0) return `The prediction has ${prediction === 'drifted' ? '' : 'not '}drifted.`;
  if (moved.length === 0) {
    return prediction === 'drifted'
      ? `${features}, but the prediction has.`
      : `${features}, nor has the prediction.`;
  }
  return prediction === 'drifted'
    ? `${features}, and so has the prediction.`
    : `${features}; the prediction has not.`;
}

function featuresStatement(inputs: readonly Reading[], moved: readonly Reading[]): string {
  const [only] = inputs;
  if (inputs.length === 1) return `${only?.column.name} has ${moved.length === 1 ? '' : 'not '}drifted`;
  if (moved.length === 0) return `None of ${inputs.length} features has drifted`;
  return `${moved.length} of ${inputs.length} features ${moved.length === 1 ? 'has' : 'have'} drifted (${names(moved)})`;
}

const NAMED = 5;

function names(readings: readonly Reading[]): string {
  const sorted = readings.toSorted((a, b) => (b.comparison.psi ?? 0) - (a.comparison.psi ?? 0));
  const shown = sorted.slice(0, NAMED).map(({ column }) => column.name);
  const more = sorted.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

/** "hour", "24 hours", "90 seconds": as it follows "the last". */
export function duration(seconds: number): string {
  for (const [unit, size] of [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const) {
    if (seconds === size) return unit;
    if (seconds % size === 0) return `${seconds / size} ${unit}s`;
  }
  return `${seconds} seconds`;
}
