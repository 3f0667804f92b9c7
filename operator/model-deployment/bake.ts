import { durationMs } from '#operator/api/schema.ts';
import { checksOf, longestWindowMs } from '#operator/rollout/checks.ts';
import type { Progress } from '#operator/rollout/progress.ts';
import type { Failed } from '#operator/rollout/table.ts';
import { child } from './children.ts';
import { crashes, seenFailure } from './failures.ts';
import type { Observed } from './observed.ts';
import type { Position } from './position.ts';
import { findRecord, podsOf, promote, readyPods, type Facts, type RevisionRecord } from './revisions.ts';
import { judge, podsChangedAt, promoteRequest } from './shifting.ts';

/** What becomes of a promoted revision while it is watched. */
export type Bake =
  | { readonly is: 'over' }
  | { readonly is: 'on'; readonly position: Position }
  | { readonly is: 'failed'; readonly failure: Failed; readonly to: string; readonly position: Position };

/** The checks go on after the promotion; a failure or a crash still undoes. Time alone ends it: nothing is promoted. */
export function decideBake(o: Observed, facts: Facts, stable: RevisionRecord): Bake {
  const progress = bakingProgress(o, facts, stable);
  const { bake, onFailure } = o.modelDeployment.spec.rollout;
  if (
    progress === undefined ||
    bake === undefined ||
    promoteRequest(o, stable).through === Number.POSITIVE_INFINITY
  )
    return { is: 'over' };
  const bakeMs = durationMs(bake);
  const checks = checksOf(o.modelDeployment.spec.rollout, 'Baking');
  const unwatchedMs = Math.min(bakeMs, longestWindowMs(checks)) - o.monitoring.watchedMs;
  const leftMs = Math.max(bakeMs - (o.now - progress.since), unwatchedMs);
  if (leftMs <= 0 && progress.failed === undefined) return { is: 'over' };
  const pods = podsOf(o, stable.name);
  const since = Math.max(progress.since, podsChangedAt(pods));
  const results = judge(o, facts, stable, { phase: 'Baking', since, checks, before: earlier(facts, stable) });
  const failing = results.find(({ state }) => state === 'fail');
  const failure =
    broken(o, stable, pods) ??
    (failing === undefined ? undefined : { reason: 'CheckFailed' as const, message: failing.message });
  const to = earlier(facts, stable);
  const failed = progress.failed ?? (failure === undefined ? undefined : { ...failure, at: o.now });
  const holdUntil = failed === undefined ? o.now + leftMs : undefined;
  const position: Position = {
    kind: 'Bake',
    step: o.modelDeployment.spec.rollout.steps?.length ?? 0,
    steps: o.modelDeployment.spec.rollout.steps?.length ?? 0,
    weight: 100,
    shadow: 0,
    why: failed === undefined ? 'hold' : 'failed',
    holdUntil,
    checks: results,
    pods: o.modelDeployment.spec.replicas,
    ready: readyPods(o, stable.name),
    progress: { ...progress, ...(failed === undefined ? {} : { failed }) },
    ignored: undefined,
    lookAt: holdUntil,
  };
  return failed !== undefined && onFailure === 'undo' && to !== undefined
    ? { is: 'failed', failure: failed, to, position }
    : { is: 'on', position };
}

/** Where a candidate stands that is promoted now, if it is to be watched. */
export function bakeAfter(o: Observed, facts: Facts, candidate: RevisionRecord): Position | undefined {
  const { name, number } = candidate;
  const promoted: Facts = {
    ...facts,
    stable: name,
    promotions: promote(facts.promotions, name, o.now),
    rollout: { ...facts.rollout, progress: { revision: name, number, stage: 'bake', since: o.now } },
  };
  const bake = decideBake(o, promoted, candidate);
  return bake.is === 'over' ? undefined : bake.position;
}

function bakingProgress(o: Observed, facts: Facts, stable: RevisionRecord): Progress | undefined {
  const { progress } = facts.rollout;
  if (progress?.stage !== 'bake' || progress.revision !== stable.name || progress.number !== stable.number)
    return undefined;
  return progress.since <= o.now ? progress : { ...progress, since: o.now };
}

/** Without replicas nothing runs that could fail. */
function broken(o: Observed, { name }: RevisionRecord, pods: Observed['pods']): Failed | undefined {
  if (o.modelDeployment.spec.replicas === 0) return undefined;
  const known = child(o, 'Deployment', name);
  const failure = seenFailure(pods, known.is === 'ours' ? known.object : undefined);
  return failure?.final === true ? failure : crashes(pods);
}

/** The revision that was stable before, as far as it can be undone to. */
function earlier(facts: Facts, stable: RevisionRecord): string | undefined {
  return facts.promotions.findLast(
    ({ revision }) => revision !== stable.name && findRecord(facts, revision) !== undefined,
  )?.revision;
}
