import { sum } from './windows.ts';

/** Counts by each bucket's upper bound, in no order; the last bound is Infinity. */
export type Histogram = ReadonlyMap<number, number>;

export interface Quantile {
  readonly value: number;
  /** It is above the last bound: all that is known is that it is more than `value`. */
  readonly isAbove: boolean;
}

/**
 * The quantile as Prometheus' histogram_quantile reckons it: linear within the bucket that it falls into, whose lower end
 * is the bound below (0 for the first one); above the last bound, that bound. undefined without counts.
 * https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */
export function quantile(histogram: Histogram, q: number): Quantile | undefined {
  const buckets = ordered(histogram);
  const rank = q * sum(histogram.values());
  if (rank <= 0) return undefined;
  let below = 0;
  let lower = Math.min(0, buckets[0]?.[0] ?? 0);
  for (const [upper, count] of buckets) {
    if (count > 0 && below + count >= rank) {
      if (upper === Infinity) return { value: lower, isAbove: true };
      return { value: lower + (upper - lower) * ((rank - below) / count), isAbove: false };
    }
    below += count;
    lower = upper === Infinity ? lower : upper;
  }
  return { value: lower, isAbove: true };
}

/** How many are known to be above `limit`, spread evenly within its bucket. */
export function countAbove(histogram: Histogram, limit: number): number {
  let above = 0;
  let lower = 0;
  for (const [upper, count] of ordered(histogram)) {
    if (lower >= limit) above += count;
    else if (upper > limit && upper !== Infinity) above += count * ((upper - limit) / (upper - lower));
    lower = upper;
  }
  return above;
}

function ordered(histogram: Histogram): readonly (readonly [number, number])[] {
  return [...histogram].sort(([a], [b]) => a - b);
}
