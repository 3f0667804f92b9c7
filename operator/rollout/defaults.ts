import type { Check } from '#operator/api/rollout-settings.ts';

/** What a rollout whose spec names no checks is held to; docs/checks.md says why these. */
export const DEFAULT_CHECKS: readonly Check[] = [
  { errorRate: { max: 0.02, minSamples: 50, window: '1m' } },
  { latency: { quantile: 0.95, maxRatio: 3, minSamples: 100, window: '1m' } },
];

/**
 * A ratio counts only where the candidate is slower by at least this. A request that is passed on waits for the CPU twice:
 * on two cores that seven others shared, a good one had a p95 of 25 ms where the stable revision had 8 ms.
 */
export const LEAST_SLOWDOWN_SECONDS = 0.02;

/**
 * A candidate is too slow only where it was in each third of so long: cold connections and code, a pause, or a pod that
 * begins anew slow many requests together, but not for long.
 */
export const SLOW_FOR_MS = 30_000;

/**
 * So much after a step began, or the candidate's pods changed, is left out: DNS and endpoints follow them with a delay,
 * and what fails meanwhile says nothing about the model.
 */
export const SETTLE_MS = 3000;

/** A pod that was read last so long ago says nothing about now. */
export const STALE_POD_MS = 15_000;

/** A query's reading that is older than this says nothing about now. */
export const STALE_QUERY_MS = 30_000;
