import { setTimeout as sleep } from 'node:timers/promises';
import { isKubeError } from '#operator/kube/index.ts';
import { CliError, EXIT } from './exit.ts';

export interface PollOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** What is waited for, for the message when the time is up. */
  readonly what: string;
}

/** Calls `step` until it gives a value. A moment without an API server is waited out; time up is a CliError. */
export async function poll<T>(step: () => Promise<T | undefined>, options: PollOptions): Promise<T> {
  const end = performance.now() + options.timeoutMs;
  let trouble: unknown;
  for (;;) {
    try {
      const value = await step();
      if (value !== undefined) return value;
      trouble = undefined;
    } catch (error) {
      if (!isKubeError(error, 'transient')) throw error;
      trouble = error;
    }
    if (performance.now() >= end) {
      throw new CliError(`${options.what}: not within ${options.timeoutMs / 1000} s`, {
        exitCode: EXIT.timeout,
        hint: trouble instanceof Error ? trouble.message : 'wait longer with --timeout',
        cause: trouble,
      });
    }
    await sleep(Math.min(options.intervalMs, Math.max(1, end - performance.now())), undefined, {
      signal: options.signal,
    });
  }
}
