import { durationMs } from '#operator/api/schema.ts';
import { checksOf, longestWindowMs } from '#operator/rollout/checks.ts';
import type { Progress } from '#operator/rollout/progress.ts';
import { stagesOf, type Stage } from '#operator/rollout/stages.ts';
import { decideMove, type Move, type Standing, type Wait } from '#operator/rollout/table.ts';
import { appliedCheck } from './applied-check.ts';
import { isPaused, promoteRequest } from './by-hand.ts';
import { crashes } from './failures.ts';
import { judge, podsChangedAt } from './judging.ts';
import type { Observed, SeenFailure } from './observed.ts';
import type { Position } from './position.ts';
import { sizesNow } from './sizes.ts';
import { weightNow } from './weight.ts';
import type { Facts, RevisionRecord } from './revisions.ts';
import { nextAfter } from './times.ts';

/** A candidate as its pods show it. */
export interface Pods {
  readonly pods: Observed['pods'];
  readonly ready: number;
  readonly failure: SeenFailure | undefined;
  readonly startedAt: number;
}

export interface Shift {
  readonly move: Exclude<Move, { readonly do: 'enter' }>;
  /** Where it stands after the move; undefined before its first pods were ready. */
  readonly position: Position | undefined;
  /** Pods that its first stage takes. */
  readonly firstPods: number;
}

/** A candidate, the stages before it, and what people ask of it. */
interface Course {
  readonly o: Observed;
  readonly facts: Facts;
  readonly candidate: RevisionRecord;
  readonly seen: Pods;
  readonly stages: readonly Stage[];
  readonly paused: boolean;
  readonly request: ReturnType<typeof promoteRequest>;
}

/** What the table makes of the candidate, through as many stages as it may pass at once. */
export function shift(
  o: Observed,
  facts: Facts,
  candidate: RevisionRecord,
  seen: Pods,
  straight: boolean,
): Shift {
  const paused = isPaused(o, candidate);
  const request = promoteRequest(o, facts, candidate);
  const held = paused && request.through < 0;
  const stages = stagesOf(o.modelDeployment.spec.rollout, sizesNow(o, facts), straight, held);
  const course: Course = { o, facts, candidate, seen, stages, paused, request };
  let progress = progressAt(course);
  for (let passed = 0; passed <= stages.length; passed += 1) {
    const standing = standingOf(course, progress);
    const move = decideMove(standing);
    if (move.do !== 'enter') return settle(course, progress, standing, move);
    progress = {
      revision: candidate.name,
      number: candidate.number,
      stage: move.stage,
      since: o.now,
      ...(paused ? { paused: true } : {}),
    };
  }
  throw new Error('a rollout passes each of its stages once');
}

/** As it was remembered; a clock that was set back begins the stage anew, and stages that are gone are the last one. */
function progressAt({
  o,
  facts,
  candidate,
  stages,
  paused,
  request,
}: Course): (Progress & { readonly stage: number }) | undefined {
  const { progress } = facts.rollout;
  if (progress === undefined || progress.stage === 'bake' || stages.length === 0) return undefined;
  if (progress.revision !== candidate.name || progress.number !== candidate.number) return undefined;
  const stage = Math.min(progress.stage, stages.length - 1);
  const { paused: before, ...rest } = progress;
  const { failed } = rest;
  const attended: Progress = {
    ...rest,
    // Once the annotation is taken away, the same one says something new.
    ...(failed === undefined
      ? {}
      : { failed: { ...failed, through: Math.min(failed.through, request.through) } }),
    ...(paused ? { paused: true as const } : before === undefined ? {} : { resumedAt: o.now }),
  };
  if (progress.since <= o.now) return { ...attended, stage };
  const { revision, number } = attended;
  return {
    revision,
    number,
    stage,
    since: o.now,
    ...(paused ? { paused: true } : {}),
    ...(attended.failed === undefined ? {} : { failed: attended.failed }),
  };
}

function standingOf(
  { o, facts, candidate, seen, stages, paused, request }: Course,
  progress: Progress | undefined,
): Standing {
  const { pods, ready, failure, startedAt } = seen;
  const { rollout } = o.modelDeployment.spec;
  const at = progress === undefined ? undefined : Number(progress.stage);
  const kind = at === undefined ? 'Gate' : (stages[at]?.kind ?? 'Gate');
  const taking = kind === 'Gate' ? undefined : kind;
  const checks = taking === undefined ? [] : checksOf(rollout, taking);
  const began = progress?.since ?? o.now;
  const since = Math.max(began, podsChangedAt(pods, o.now));
  const { resumedAt = 0, idleSince, growing } = progress ?? {};
  const ago = (from: number | undefined): number =>
    from === undefined ? 0 : Math.max(0, o.now - Math.max(from, resumedAt));
  const watched = began === o.now ? { watchedMs: 0, followedMs: 0 } : o.monitoring;
  return {
    stages,
    at,
    elapsedMs: o.now - began,
    watchedMs: watched.watchedMs,
    watchMs: longestWindowMs(checks),
    attendedMs: taking === undefined ? ago(began) : Math.min(ago(began), watched.followedMs),
    growingMs: ago(growing?.since),
    doneMs: progress?.doneAt === undefined ? undefined : Math.max(0, o.now - progress.doneAt),
    failed: progress?.failed,
    broken: failure?.final === true ? failure : taking === undefined ? undefined : crashes(pods, began),
    ailing: failure,
    checks:
      taking === undefined
        ? []
        : [
            ...appliedCheck(o, facts, began),
            ...judge(o, candidate, { phase: taking, since, checks, before: facts.stable }),
          ],
    ready,
    full: sizesNow(o, facts).full,
    idleMs: ago(idleSince),
    paused,
    promotedThrough: request.through,
    deadlineMs: durationMs(rollout.progressDeadline),
    startingMs: o.now - startedAt,
    onFailure: rollout.onFailure,
  };
}

function settle(
  { o, facts, candidate, stages, request }: Course,
  progress: Progress | undefined,
  standing: Standing,
  move: Exclude<Move, { readonly do: 'enter' }>,
): Shift {
  const firstPods = stages[0]?.pods ?? standing.full;
  const stage = stages[Number(progress?.stage ?? 0)];
  const stays = move.do === 'stay' || move.do === 'pause' || move.do === 'undo';
  if (progress === undefined || stage === undefined || !stays)
    return { move, position: undefined, firstPods };
  const idle = move.do !== 'stay' || move.idle;
  const why = move.do === 'stay' ? move.why : 'failed';
  const holdUntil = why === 'hold' || why === 'checks' ? holdEnd(o, stage, standing) : undefined;
  return {
    move,
    firstPods,
    position: {
      kind: stage.kind,
      step: Number(progress.stage),
      steps: o.modelDeployment.spec.rollout.steps?.length ?? 0,
      weight: idle ? 0 : weightNow(o, facts, candidate, stage.weight, standing.ready),
      shadow: idle ? 0 : stage.shadow,
      why,
      holdUntil,
      checks: standing.checks,
      pods: move.do === 'stay' ? move.pods : stage.pods,
      ready: standing.ready,
      progress: progressAfter(o, progress, standing, move, why),
      ignored: request.ignored,
      lookAt: lookAt(o, stage, standing, holdUntil),
    },
  };
}

/** What is to be remembered of it; times stay while what they are of stays. */
function progressAfter(
  o: Observed,
  { idleSince, growing, ...progress }: Progress,
  { promotedThrough }: Standing,
  move: Exclude<Move, { readonly do: 'enter' }>,
  why: Wait,
): Progress {
  const pods = move.do === 'stay' ? move.pods : 0;
  const failure = move.do === 'pause' || move.do === 'undo' ? move.failure : undefined;
  return {
    ...progress,
    ...(why === 'growing'
      ? {
          doneAt: progress.doneAt ?? o.now,
          growing: growing?.pods === pods ? growing : { pods, since: o.now },
        }
      : {}),
    ...(why === 'pods' ? { idleSince: idleSince ?? o.now } : {}),
    ...(failure === undefined
      ? {}
      : {
          failed: progress.failed ?? {
            reason: failure.reason,
            message: failure.message.slice(0, 2000),
            at: o.now,
            through: promotedThrough,
          },
        }),
  };
}

/** undefined where a person ends it, or where nobody can say: what is not watched does not come nearer its end. */
function holdEnd(
  o: Observed,
  { holdMs }: Stage,
  { elapsedMs, watchedMs, watchMs }: Standing,
): number | undefined {
  if (holdMs === 'person') return undefined;
  const needed = Math.min(holdMs, watchMs);
  if (watchedMs === 0 && needed > 0 && elapsedMs >= holdMs) return undefined;
  return o.now + Math.max(0, holdMs - elapsedMs, needed - watchedMs);
}

/** When the hold or the deadline of what it waits for is over. */
function lookAt(
  o: Observed,
  { holdMs }: Stage,
  s: Standing,
  holdUntil: number | undefined,
): number | undefined {
  return nextAfter(o.now, [
    holdUntil,
    s.doneMs === undefined ? undefined : o.now - s.growingMs + s.deadlineMs,
    s.ready === 0 ? o.now - s.idleMs + s.deadlineMs : undefined,
    holdMs === 'person' ? undefined : o.now - s.attendedMs + holdMs + s.deadlineMs,
  ]);
}
