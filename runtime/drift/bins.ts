import type { ModelInput, Reference, TensorType } from '#contract/model-manifest.ts';
import { categoryTexts, rangeTexts } from './bin-text.ts';

export type ReferenceBins = Reference['features'][string];
export type NumericBins = Extract<ReferenceBins, { kind: 'numeric' }>;
export type CategoricalBins = Extract<ReferenceBins, { kind: 'categorical' }>;

/** Most categories that are counted apart; the rarer ones of the reference count as "other". */
export const MAX_CATEGORIES = 1000;

/** Where a value falls: bins in the order of their counters, and how often the training data fell into each. */
export type BinLayout = NumericLayout | CategoricalLayout;

/** Counters: under, then one for each pair of edges, then over, then missing. */
export interface NumericLayout {
  readonly kind: 'numeric';
  readonly edges: Float64Array;
  readonly texts: readonly string[];
  readonly reference: readonly number[];
}

/** Counters: one for each category, commonest first, then other, then missing. */
export interface CategoricalLayout {
  readonly kind: 'categorical';
  readonly categories: readonly string[];
  readonly texts: readonly string[];
  readonly reference: readonly number[];
}

/** Why a feature is not compared with its reference, for the person who reads the report. */
export interface Unusable {
  readonly reason: string;
}

/** Lays out a reference's bins; a reference that contradicts itself is said, and never stops a model from serving. */
export function layoutOf(
  bins: ReferenceBins,
  input: Pick<ModelInput, 'type' | 'integer'>,
): BinLayout | Unusable {
  const layout = bins.kind === 'numeric' ? numericLayout(bins, input) : categoricalLayout(bins);
  if (!('reason' in layout) && layout.reference.every((count) => count === 0)) {
    return { reason: 'its reference counted no rows; write reference.json again from the training data' };
  }
  return layout;
}

function numericLayout(
  { edges, counts, under, over, missing }: NumericBins,
  { type, integer }: Pick<ModelInput, 'type' | 'integer'>,
): NumericLayout | Unusable {
  if (counts.length !== edges.length - 1) {
    return {
      reason: `its reference has ${edges.length} edges and ${counts.length} counts; k edges make k - 1 bins`,
    };
  }
  const falls = edges.findIndex((edge, index) => index > 0 && edge <= (edges[index - 1] ?? -Infinity));
  if (falls > 0) {
    return {
      reason: `its reference's edges must rise: edge ${falls} is ${edges[falls]} after ${edges[falls - 1]}`,
    };
  }
  return {
    kind: 'numeric',
    edges: Float64Array.from(edges, (edge) => asTensor(edge, type)),
    texts: ['under', ...rangeTexts(edges, integer), 'over', 'missing'],
    reference: [under, ...counts, over, missing],
  };
}

/** A tensor holds a value rounded to its type: rounded likewise, an edge still has on each side what it had. */
function asTensor(edge: number, type: TensorType): number {
  if (type === 'float32') return Math.fround(edge);
  return type === 'float16' ? Math.f16round(edge) : edge;
}

function categoricalLayout({ counts, other, missing }: CategoricalBins): CategoricalLayout {
  // An empty text is a missing one, for the graph and for the trainer.
  const { '': empty = 0, ...named } = counts;
  const sorted = Object.entries(named).toSorted(([, a], [, b]) => b - a);
  const kept = sorted.slice(0, MAX_CATEGORIES);
  const rest = sorted.slice(MAX_CATEGORIES).reduce((sum, [, count]) => sum + count, other);
  const categories = kept.map(([category]) => category);
  return {
    kind: 'categorical',
    categories,
    texts: [...categoryTexts(categories), 'other', 'missing'],
    reference: [...kept.map(([, count]) => count), rest, missing + empty],
  };
}

/**
 * The counter of a number: 0 is under, i + 1 is [edges[i], edges[i + 1]), the last one closed, then over, then missing
 * (NaN). Infinite values are under or over. Edges that rounding made equal share what falls on them.
 */
export function numericBin(edges: Float64Array, value: number): number {
  const last = edges.length - 1;
  if (value >= (edges[0] as number) && value <= (edges[last] as number)) {
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (value >= (edges[middle] as number)) low = middle;
      else high = middle;
    }
    return low + 1;
  }
  if (value < (edges[0] as number)) return 0;
  return value > (edges[last] as number) ? last + 1 : last + 2;
}
