import { isKubeError } from '#operator/kube/index.ts';
import type { KubeErrorKind } from '#operator/kube/index.ts';
import type { Backoff } from './queue.ts';

/** What the loop does about an error: how it waits, and how loud it says so. */
export interface Outcome {
  readonly backoff: Backoff;
  readonly level: 'debug' | 'warn' | 'error';
  readonly retryAfterMs: number;
}

/** The world changed under the decision: decide again, soon. */
const soon: Backoff = { firstMs: 20, maxMs: 2000 };
/** May pass by itself within seconds, or last as long as an outage; after that nobody should wait long. */
const patiently: Backoff = { firstMs: 100, maxMs: 5000 };
/** Another try will hardly help; somebody has to change something, which also brings the key back. */
const rarely: Backoff = { firstMs: 1000, maxMs: 300_000 };

type Entry = Omit<Outcome, 'retryAfterMs'>;

/** The one table of what each error of the API does to a reconcile. */
const outcomes: Readonly<Record<KubeErrorKind, Entry>> = {
  conflict: { backoff: soon, level: 'debug' },
  alreadyExists: { backoff: soon, level: 'debug' },
  notFound: { backoff: patiently, level: 'debug' },
  gone: { backoff: soon, level: 'debug' },
  transient: { backoff: patiently, level: 'warn' },
  forbidden: { backoff: rarely, level: 'error' },
  invalid: { backoff: rarely, level: 'error' },
  terminal: { backoff: rarely, level: 'error' },
};

const unexpected: Entry = { backoff: { firstMs: 1000, maxMs: 60_000 }, level: 'error' };

const LONGEST_RETRY_AFTER_MS = 60_000;

export function outcomeOf(error: unknown): Outcome {
  if (!isKubeError(error)) return { ...unexpected, retryAfterMs: 0 };
  return {
    ...outcomes[error.kind],
    retryAfterMs: Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS),
  };
}
