import { durationMs } from '#operator/api/schema.ts';
import type { CheckResult } from '#operator/rollout/check-result.ts';
import { checksOf, longestWindowMs } from '#operator/rollout/checks.ts';
import { FULL, type Progress } from '#operator/rollout/progress.ts';
import type { Failed } from '#operator/rollout/table.ts';
import { child } from './children.ts';
import { crashes, seenFailure } from './failures.ts';
import type { Observed } from './observed.ts';
import type { Position } from './position.ts';
import {
  findRecord,
  isRejected,
  podsOf,
  promote,
  readyPods,
  type Facts,
  type RevisionRecord,
} from './revisions.ts';
import { promoteRequest } from './by-hand.ts';
import { judge, podsChangedAt } from './judging.ts';

/** What becomes of a promoted revision while it is watched. */
export type Bake =
  | { readonly is: 'over' }
  | { readonly is: 'on'; readonly position: Position }
  | { readonly is: 'failed'; readonly failure: Failed; readonly to: string; readonly position: Position };

/** The checks go on after the promotion; a failure or a crash still undoes. Time alone ends it: nothing is promoted. */
export function decideBake(o: Observed, facts: Facts, stable: RevisionRecord): Bake {
  const progress = bakingProgress(o, facts, stable);
  const { bake, onFailure, steps = [] } = o.modelDeployment.spec.rollout;
  if (progress === undefined || bake === undefined || promoteRequest(o, facts, stable).through === FULL)
    return { is: 'over' };
  const checks = checksOf(o.modelDeployment.spec.rollout, 'Baking');
  const leftMs = timeLeft(o, progress, durationMs(bake), longestWindowMs(checks));
  if (leftMs <= 0 && progress.failed === undefined) return { is: 'over' };
  const to = earlier(facts, stable);
  const pods = podsOf(o, stable.name);
  const since = Math.max(progress.since, podsChangedAt(pods, o.now));
  const results = judge(o, stable, { phase: 'Baking', since, checks, before: to });
  const failure = broken(o, stable, pods, progress.since) ?? failedCheck(results);
  const failed =
    progress.failed ?? (failure === undefined ? undefined : { ...failure, at: o.now, through: -1 });
  const holdUntil = failed === undefined ? o.now + leftMs : undefined;
  const position: Position = {
    kind: 'Bake',
    step: steps.length,
    steps: steps.length,
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

/** As long as the windows take to be watched, but not for ever where nobody can watch. */
function timeLeft(o: Observed, { since }: Progress, bakeMs: number, watchMs: number): number {
  const leftMs = bakeMs - (o.now - since);
  const unwatchedMs = Math.min(bakeMs, watchMs) - o.monitoring.watchedMs;
  const deadlineMs = leftMs + durationMs(o.modelDeployment.spec.rollout.progressDeadline);
  return Math.max(leftMs, Math.min(unwatchedMs, deadlineMs));
}

function failedCheck(results: readonly CheckResult[]): Failed | undefined {
  const failing = results.find(({ state }) => state === 'fail');
  return failing === undefined ? undefined : { reason: 'CheckFailed', message: failing.message };
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
  if (progress?.revision !== stable.name || progress.number !== stable.number) return undefined;
  // The operator ended between the Service, which makes it stable, and the ConfigMap, which says so.
  if (progress.stage !== 'bake')
    return { revision: stable.name, number: stable.number, stage: 'bake', since: o.now };
  return progress.since <= o.now ? progress : { ...progress, since: o.now };
}

/** Without replicas nothing runs that could fail. */
function broken(
  o: Observed,
  { name }: RevisionRecord,
  pods: Observed['pods'],
  since: number,
): Failed | undefined {
  if (o.modelDeployment.spec.replicas === 0) return undefined;
  const known = child(o, 'Deployment', name);
  const failure = seenFailure(pods, known.is === 'ours' ? known.object : undefined);
  return failure?.final === true ? failure : crashes(pods, since);
}

/** The revision that was stable before, as far as it can be undone to. */
export function earlier(facts: Facts, stable: Pick<RevisionRecord, 'name'>): string | undefined {
  return facts.promotions.findLast(({ revision }) => {
    const record = findRecord(facts, revision);
    return revision !== stable.name && record !== undefined && !isRejected(record, facts.promotions);
  })?.revision;
}
