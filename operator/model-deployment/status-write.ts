import { canonicalJson } from '#contract/canonical.ts';
import type { ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import { timeMs } from './annotations.ts';
import { mergePatch } from './merge-patch.ts';
import type { Observed } from './observed.ts';

/** A source that is read at once is worth no write of its own. */
const SHORT_RESOLVE_MS = 3_000;
/** Counts and texts that still move are written once they rest. */
const SETTLE_MS = 5_000;

export interface StatusWrite {
  /** The merge patch of `status`; undefined: nothing is written now. */
  readonly patch: object | undefined;
  /** When a change that is held back is due. */
  readonly dueAt: number | undefined;
}

const NOTHING: StatusWrite = { patch: undefined, dueAt: undefined };

/** Writes what changed, but no news of counts while pods come and go, and no phase that is over in a moment. */
export function decideStatusWrite(o: Observed, next: ModelDeploymentStatus): StatusWrite {
  const before = o.modelDeployment.status ?? {};
  const patch = mergePatch(before, next);
  if (patch === undefined) return NOTHING;
  const heldUntil = Math.max(shortResolve(o, next), restsAt(o, before, next));
  return heldUntil > o.now ? { patch: undefined, dueAt: heldUntil } : { patch, dueAt: undefined };
}

function shortResolve(o: Observed, next: ModelDeploymentStatus): number {
  if (next.rollout?.phase !== 'Resolving') return 0;
  if (o.source.state === 'idle') return o.now + SHORT_RESOLVE_MS;
  return o.source.state === 'pending' ? o.source.since + SHORT_RESOLVE_MS : 0;
}

/** When the pods have rested for a while, where nothing but counts and texts is new. */
function restsAt(o: Observed, before: ModelDeploymentStatus, next: ModelDeploymentStatus): number {
  if (canonicalJson(essence(before)) !== canonicalJson(essence(next))) return 0;
  const changes = o.pods.flatMap(({ metadata, status }) => [
    timeMs(metadata.creationTimestamp),
    timeMs(status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime),
  ]);
  return Math.max(0, ...changes) + SETTLE_MS;
}

function essence(status: ModelDeploymentStatus): object {
  const { readyReplicas: _, replicas: __, source: ___, conditions = [], ...rest } = status;
  return { ...rest, conditions: conditions.map(({ message: _text, ...condition }) => condition) };
}
