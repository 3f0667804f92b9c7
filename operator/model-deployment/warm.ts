import { durationMs } from '#operator/api/schema.ts';
import { ours } from './children.ts';
import { revisionLabel } from './identity.ts';
import type { Observed } from './observed.ts';
import type { Promotion } from './annotations.ts';

export interface Warm {
  /** Newest first. */
  readonly revisions: readonly string[];
  /** When the next of them stops being warm. */
  readonly nextExpiryAt: number | undefined;
}

/**
 * The earlier revisions that keep running for an instant undo: those stable last, while `warmFor` lasts. None is started
 * for this, so none is left once it was scaled to zero, and all give their room up where a quota or a full node holds back
 * what should serve.
 */
export function decideWarm(
  o: Observed,
  promotions: readonly Promotion[],
  busy: ReadonlySet<string>,
  roomWanted: boolean,
): Warm {
  const { history, replicas } = o.modelDeployment.spec;
  const { warm, warmFor } = history;
  if (roomWanted || replicas === 0) return { revisions: [], nextExpiryAt: undefined };
  const running = new Set(ours(o, 'Deployment').map(({ metadata }) => revisionLabel(metadata)));
  const kept = promotions
    .toReversed()
    .filter(({ revision }) => !busy.has(revision) && running.has(revision))
    .map(({ revision, until }) => ({ revision, expiresAt: (until ?? o.now) + durationMs(warmFor) }))
    .slice(0, warm)
    .filter(({ expiresAt }) => expiresAt > o.now);
  return {
    revisions: kept.map(({ revision }) => revision),
    nextExpiryAt: kept.length === 0 ? undefined : Math.min(...kept.map(({ expiresAt }) => expiresAt)),
  };
}
