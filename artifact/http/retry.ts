import { setTimeout as sleep } from 'node:timers/promises';
import type { FailureError } from '#contract/failure.ts';

/** How long things may take, and how often they are tried. */
export interface Timing {
  /** Until a connection stands. */
  readonly connectTimeoutMs: number;
  /** Until the headers of an answer are there. */
  readonly requestTimeoutMs: number;
  /** A body must bring `stallBytes` within this time. */
  readonly stallTimeoutMs: number;
  readonly stallBytes: number;
  /** Tries of one request, or tries in a row of a body that bring nothing. */
  readonly attempts: number;
  /** The pause before the second try; it doubles with each further one. */
  readonly backoffMs: number;
}

export const DEFAULT_TIMING: Timing = {
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  stallTimeoutMs: 15_000,
  stallBytes: 16 * 1024,
  attempts: 4,
  backoffMs: 250,
};

/** The pause before try number `failed + 1`: exponential, with up to half of it taken off at random. */
export function backoffMs(timing: Timing, failed: number, random: () => number = Math.random): number {
  return Math.min(timing.backoffMs * 2 ** (failed - 1), 8_000) * (1 - random() / 2);
}

/** Tries again after transient failures, a bounded number of times. `explain` turns an error into what is thrown. */
export async function withRetries<T>(
  timing: Timing,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  explain: (error: unknown) => FailureError,
): Promise<T> {
  for (let failed = 1; ; failed += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const failure = explain(error);
      if (!failure.transient || failed >= timing.attempts) throw failure;
      await sleep(backoffMs(timing, failed), undefined, { signal });
    }
  }
}
