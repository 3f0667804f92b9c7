import { chiSquareQuantile } from './chi-square.ts';

/** Added to each bin on both sides, so that an empty bin is a small share and not an infinite distance. */
const SMOOTHING = 0.5;
/** A category with fewer rows expected in the window says nothing by itself. */
const MIN_EXPECTED = 5;
/** All features of a model that has not drifted together exceed their bounds so often. */
const FALSE_ALARMS = 0.001;

export interface DriftRule {
  /** PSI that is worth an alert. */
  readonly threshold: number;
  /** Rows in the window below which nothing is said. */
  readonly minSamples: number;
  /** How many comparisons share the false alarms. */
  readonly features: number;
}

export interface Counts {
  readonly reference: ArrayLike<number>;
  readonly now: ArrayLike<number>;
  /** The first so many bins are categories; the next one is "other". 0: bins of a number. */
  readonly categories: number;
}

export type FeatureState = 'tooFewRows' | 'steady' | 'drifted';

export interface Comparison {
  readonly state: FeatureState;
  /** Population stability index; undefined while the window is empty. */
  readonly psi: number | undefined;
  /** PSI above which chance is no explanation for these numbers of rows; undefined while the window is empty. */
  readonly chance: number | undefined;
  /** The greater one of the threshold and chance. */
  readonly limit: number;
  /** Bins that were compared. */
  readonly bins: number;
  /** Categories that were too rare to be compared by themselves. */
  readonly merged: number;
  readonly samples: number;
}

/** Whether a feature's values in the window are distributed as in the reference. */
export function compare(counts: Counts, { threshold, minSamples, features }: DriftRule): Comparison {
  const samples = sum(counts.now);
  const referenceRows = sum(counts.reference);
  const { reference, now, merged } = comparable(counts, samples, referenceRows);
  const bins = reference.length;
  if (samples === 0) {
    return {
      state: 'tooFewRows',
      psi: undefined,
      chance: undefined,
      limit: threshold,
      bins,
      merged,
      samples,
    };
  }
  const value = psi(reference, now);
  const chance = psiOfChance(bins, samples, referenceRows, features);
  const limit = Math.max(threshold, chance);
  const state = samples < minSamples ? 'tooFewRows' : value > limit ? 'drifted' : 'steady';
  return { state, psi: value, chance, limit, bins, merged, samples };
}

/** Sum of (now - reference) ln(now / reference) over the bins' shares, each count raised by a half. */
export function psi(reference: readonly number[], now: readonly number[]): number {
  const bins = reference.length;
  const referenceTotal = sum(reference) + SMOOTHING * bins;
  const nowTotal = sum(now) + SMOOTHING * bins;
  let total = 0;
  for (let i = 0; i < bins; i++) {
    const expected = ((reference[i] ?? 0) + SMOOTHING) / referenceTotal;
    const actual = ((now[i] ?? 0) + SMOOTHING) / nowTotal;
    total += (actual - expected) * Math.log(actual / expected);
  }
  return total;
}

/**
 * Without drift PSI / (1/N + 1/M) is distributed as chi-square with bins - 1 degrees (Yurdakul and Naranjo 2020,
 * "Statistical properties of the population stability index"); this is its bound at 1 - 0.001 / features.
 */
export function psiOfChance(bins: number, rows: number, referenceRows: number, features: number): number {
  const degrees = Math.max(1, bins - 1);
  return quantile(degrees, features) * (1 / rows + 1 / referenceRows);
}

const quantiles = new Map<string, number>();

function quantile(degrees: number, features: number): number {
  const key = `${degrees}/${features}`;
  const known = quantiles.get(key) ?? chiSquareQuantile(FALSE_ALARMS / Math.max(1, features), degrees);
  if (quantiles.size > 10_000) quantiles.clear();
  quantiles.set(key, known);
  return known;
}

interface Comparable {
  readonly reference: readonly number[];
  readonly now: readonly number[];
  readonly merged: number;
}

/**
 * Rare categories go to "other", and bins that nothing ever fell into are left out: they compare nothing. What is
 * expected of a category is taken from both sides together, as the chi-square test of homogeneity does: choosing by the
 * reference's counts alone would choose those that happen to be high, and see drift where there is none.
 */
function comparable({ reference, now, categories }: Counts, rows: number, referenceRows: number): Comparable {
  const windowShare = rows / (rows + referenceRows);
  const kept: [number, number][] = [];
  let merged = 0;
  let otherReference = 0;
  let otherNow = 0;
  for (let i = 0; i < reference.length; i++) {
    const before = reference[i] ?? 0;
    const after = now[i] ?? 0;
    const rare = i < categories && (before + after) * windowShare < MIN_EXPECTED;
    if (rare) merged++;
    if (rare || (categories > 0 && i === categories)) {
      otherReference += before;
      otherNow += after;
    } else {
      kept.push([before, after]);
    }
  }
  kept.push([otherReference, otherNow]);
  const seen = kept.filter(([before, after]) => before > 0 || after > 0);
  return { reference: seen.map(([before]) => before), now: seen.map(([, after]) => after), merged };
}

function sum(counts: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i] ?? 0;
  return total;
}
