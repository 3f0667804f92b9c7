import { canonicalJson } from '#contract/canonical.ts';
import type { ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import { timeMs } from './annotations.ts';
import { SPLIT_APPLIED } from './applied-check.ts';
import { mergePatch } from './merge-patch.ts';
import type { Observed } from './observed.ts';
import { readyAt } from './revisions.ts';

/** A source that is read at once is worth no write of its own. */
const SHORT_RESOLVE_MS = 3_000;
/** Counts and texts that still move are written once they rest. */
const SETTLE_MS = 5_000;

/** Nothing is held back for longer: a time beyond it was noted before the clock was set back. */
const LONGEST_MS = 10_000;

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
  const heldUntil = Math.max(shortResolve(o, next), restsAt(o, before, next), readingsAt(o, before, next));
  const held = heldUntil > o.now && heldUntil <= o.now + LONGEST_MS;
  return held ? { patch: undefined, dueAt: heldUntil } : { patch, dueAt: undefined };
}

function shortResolve(o: Observed, next: ModelDeploymentStatus): number {
  if (next.rollout?.phase !== 'Resolving') return 0;
  if (o.source.state === 'idle') return o.now + SHORT_RESOLVE_MS;
  return o.source.state === 'pending' ? o.source.since + SHORT_RESOLVE_MS : 0;
}

/** Checks' values and drift's move with each reading: at most one write in this time shows them. */
const READINGS_MS = 5_000;

/** When values that were read may be shown, where nothing else is new. */
function readingsAt(o: Observed, before: ModelDeploymentStatus, next: ModelDeploymentStatus): number {
  const hasReadings = next.rollout?.checks !== undefined || next.rollout?.shadow !== undefined;
  if (!hasReadings && next.drift === undefined) return 0;
  if (canonicalJson(withoutReadings(before)) !== canonicalJson(withoutReadings(next))) return 0;
  return (o.statusWrittenAt ?? 0) + READINGS_MS;
}

/** A check that fails ends the step, which is news; its values, and whether it waits, are none. */
function withoutReadings(status: ModelDeploymentStatus): object {
  const { rollout, drift: _drift, ...rest } = essence(status);
  if (rollout === undefined) return rest;
  const { checks = [], shadow: _, waitingFor: __, pods: ___, holdUntil: ____, ...phase } = rollout;
  return {
    ...rest,
    rollout: { ...phase, checks: checks.map(({ name }) => name).filter((name) => name !== SPLIT_APPLIED) },
  };
}

/** When the pods have rested for a while, where nothing but counts and texts is new. */
function restsAt(o: Observed, before: ModelDeploymentStatus, next: ModelDeploymentStatus): number {
  if (canonicalJson(essence(before)) !== canonicalJson(essence(next))) return 0;
  const changes = o.pods.flatMap((pod) => [timeMs(pod.metadata.creationTimestamp), readyAt(pod)]);
  return Math.max(0, ...changes) + SETTLE_MS;
}

function essence(
  status: ModelDeploymentStatus,
): Pick<ModelDeploymentStatus, 'rollout' | 'drift'> & { readonly conditions: object } {
  const { readyReplicas: _, replicas: __, source: ___, conditions = [], ...rest } = status;
  return { ...rest, conditions: conditions.map(({ message: _text, ...condition }) => condition) };
}
