import { randomBytes } from 'node:crypto';
import type { Log } from '#operator/logging.ts';
import { withLogScope } from '#operator/logging.ts';
import { outcomeOf } from './outcome.ts';
import type { WorkQueue } from './queue.ts';

export interface Key {
  readonly namespace: string;
  readonly name: string;
}

export interface ReconcileResult {
  /** Look again after this time even if nothing changes. */
  readonly requeueAfterMs?: number | undefined;
}

export type Reconcile = (key: Key, signal: AbortSignal) => Promise<ReconcileResult>;

/** Hears the end of every reconcile; for metrics. */
export type ReconcileObserver = (result: 'success' | 'requeue_after' | 'error', seconds: number) => void;

export interface ControllerOptions {
  readonly queue: WorkQueue;
  readonly reconcile: Reconcile;
  /** Keys that are worked on at the same time; they wait for the network most of the time. */
  readonly concurrency: number;
  /** A reconcile that has not ended by then is cut, so that its place is free again. */
  readonly deadlineMs: number;
  readonly log: Log;
  readonly observe?: ReconcileObserver;
}

/** Takes keys from the queue and reconciles each, until the signal aborts; resolves once the last one has ended. */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const close = (): void => options.queue.close();
  if (signal.aborted) close();
  signal.addEventListener('abort', close, { once: true });
  const workers = Array.from({ length: options.concurrency }, async () => work(options, signal));
  await Promise.all(workers);
  signal.removeEventListener('abort', close);
}

async function work(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const { queue } = options;
  for (let key = await queue.next(); key !== undefined; key = await queue.next()) {
    await reconcileOnce(options, key, signal);
    queue.done(key);
  }
}

/** Of a key's failures in a row the 1st, 2nd, 4th, 8th, ... are logged aloud: an outage must not bury its cause. */
async function reconcileOnce(options: ControllerOptions, key: string, signal: AbortSignal): Promise<void> {
  const { queue, log } = options;
  const object = parseKey(key);
  const scope = { reconcileId: randomBytes(6).toString('hex'), ...object };
  await withLogScope(scope, async () => {
    const started = performance.now();
    const seconds = (): number => (performance.now() - started) / 1000;
    try {
      const { requeueAfterMs } = await withinDeadline(options, object, signal);
      queue.forget(key);
      if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs);
      options.observe?.(requeueAfterMs === undefined ? 'success' : 'requeue_after', seconds());
      log.debug({ seconds: seconds(), requeueAfterMs }, 'reconciled');
    } catch (error) {
      if (signal.aborted) return;
      const { backoff, level, retryAfterMs } = outcomeOf(error);
      queue.retry(key, backoff, retryAfterMs);
      options.observe?.('error', seconds());
      const failures = queue.failures(key);
      const loud = Number.isInteger(Math.log2(failures));
      log[loud ? level : 'debug']({ error, failures }, 'reconcile failed; it will be tried again');
    }
  });
}

async function withinDeadline(
  { reconcile, deadlineMs }: ControllerOptions,
  key: Key,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const cut = new AbortController();
  const abort = (): void => cut.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(
    () => cut.abort(new Error(`reconcile took longer than its deadline of ${String(deadlineMs)} ms`)),
    deadlineMs,
  );
  try {
    signal.throwIfAborted();
    return await reconcile(key, cut.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

export function parseKey(key: string): Key {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
