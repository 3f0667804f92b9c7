import { setTimeout as sleepFor } from 'node:timers/promises';

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** 0 up to 1; Math.random unless a test gives another. */
  readonly random?: () => number;
}

/** Half of an exponentially growing delay is certain, the other half random, so that clients spread. */
export function backoffMs(failures: number, options: BackoffOptions): number {
  const random = options.random ?? Math.random;
  const full = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(failures, 30));
  return full / 2 + (full / 2) * random();
}

/** Resolves early, without an error, when the signal aborts. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleepFor(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
