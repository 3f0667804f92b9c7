import type { Manifest, Reference } from '#contract/model-manifest.ts';
import type { PredictionScale } from '#runtime/metrics.ts';
import { outcomesOf } from '#runtime/protocol/prediction.ts';

const TENTHS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
/** 1, 2, 5, 10, ... 1e6: for numbers of which nothing is known. */
const DECADES = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));

const MAX_BUCKETS = 24;

/** How a model's predictions are counted; undefined where it declares none. */
export function predictionScale(
  manifest: Manifest,
  reference: Reference | undefined,
): PredictionScale | undefined {
  const { task, decision } = manifest;
  const outcomes = outcomesOf(manifest);
  if (task === 'regression') {
    return { kind: 'value', outcomes, buckets: thinned(reference?.prediction?.edges ?? DECADES) };
  }
  if (decision === undefined) return undefined;
  // Bands' limits and the threshold are buckets, so that a dashboard can count on either side of them.
  const limits = [...(decision.bands ?? []).map(({ below }) => below ?? 1), decision.threshold ?? 0.5];
  const buckets = [...new Set([...TENTHS, ...limits.filter((limit) => limit > 0 && limit < 1)])];
  return { kind: 'probability', outcomes, buckets: buckets.toSorted((a, b) => a - b) };
}

/** Each bucket is a time series of its own: a few of many edges do, the first and the last among them. */
function thinned(edges: readonly number[]): readonly number[] {
  const step = Math.ceil(edges.length / MAX_BUCKETS);
  return edges.filter((_, index) => index % step === 0 || index === edges.length - 1);
}
