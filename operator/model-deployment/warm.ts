import { durationMs } from '#operator/api/schema.ts';
import { ours } from './children.ts';
import { revisionLabel } from './identity.ts';
import type { Observed } from './observed.ts';
import type { Promotion } from './annotations.ts';
import { nextAfter } from './times.ts';

export interface Warm {
  /** Newest first. */
  readonly revisions: readonly string[];
  /** When the next of them stops being warm. */
  readonly nextExpiryAt: number | undefined;
}

/**
 * The earlier revisions that keep running for an instant undo: those stable last, while `warmFor` lasts. None is started
 * for this, so none is left once it was scaled to zero, and all give their room up where a quota or a full node holds back
 * what should serve. While the stable revision is watched, the one before it stays in any case.
 */
export function decideWarm(
  o: Observed,
  promotions: readonly Promotion[],
  busy: ReadonlySet<string>,
  { roomWanted, baking }: { readonly roomWanted: boolean; readonly baking: boolean },
): Warm {
  const { history, replicas } = o.modelDeployment.spec;
  const { warm, warmFor } = history;
  if (roomWanted || replicas === 0) return { revisions: [], nextExpiryAt: undefined };
  const running = new Set(ours(o, 'Deployment').map(({ metadata }) => revisionLabel(metadata)));
  const kept = promotions
    .toReversed()
    .filter(({ revision }) => !busy.has(revision) && running.has(revision))
    .map(({ revision, until }) => ({ revision, expiresAt: (until ?? o.now) + durationMs(warmFor) }))
    .slice(0, baking ? Math.max(1, warm) : warm)
    .filter(({ expiresAt }, index) => expiresAt > o.now || (baking && index === 0));
  return {
    revisions: kept.map(({ revision }) => revision),
    // One that is kept beyond its time, because its successor is watched, expires with no clock.
    nextExpiryAt: nextAfter(
      o.now,
      kept.map(({ expiresAt }) => expiresAt),
    ),
  };
}
