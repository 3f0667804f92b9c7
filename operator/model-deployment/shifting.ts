import { ANNOTATION } from '#contract/names.ts';
import { durationMs } from '#operator/api/schema.ts';
import type { CheckResult } from '#operator/rollout/check-result.ts';
import { checksOf, judgeChecks, longestWindowMs } from '#operator/rollout/checks.ts';
import { parsePromote, type Progress } from '#operator/rollout/progress.ts';
import { sizesOf, stagesOf, type Sizes, type Stage } from '#operator/rollout/stages.ts';
import { decideMove, type Failed, type Move, type Standing } from '#operator/rollout/table.ts';
import { timeMs } from './annotations.ts';
import { child } from './children.ts';
import { crashes } from './failures.ts';
import { ownerOf } from './identity.ts';
import type { Observed, SeenFailure } from './observed.ts';
import type { Position } from './position.ts';
import { readTraffic, trafficName } from './traffic-file.ts';
import { findRecord, readyAt, type Facts, type RevisionRecord } from './revisions.ts';

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

/** The sizes that the spec's replicas and surge leave. */
export function sizesNow({ modelDeployment: { spec } }: Observed): Sizes {
  return sizesOf(spec.replicas, spec.rollout.maxSurge);
}

/** What the table makes of the candidate, through as many stages as it may pass at once. */
export function shift(
  o: Observed,
  facts: Facts,
  candidate: RevisionRecord,
  seen: Pods,
  straight: boolean,
): Shift {
  const stages = stagesOf(o.modelDeployment.spec.rollout, sizesNow(o), straight);
  let progress = progressAt(o, facts, candidate, stages);
  for (let passed = 0; passed <= stages.length; passed += 1) {
    const standing = standingOf(o, facts, candidate, seen, stages, progress);
    const move = decideMove(standing);
    if (move.do !== 'enter') return settle(o, candidate, stages, progress, standing, move);
    progress = { revision: candidate.name, number: candidate.number, stage: move.stage, since: o.now };
  }
  throw new Error('a rollout passes each of its stages once');
}

/** As it was remembered; a clock that was set back begins the stage anew, and stages that are gone are the last one. */
function progressAt(
  o: Observed,
  facts: Facts,
  candidate: RevisionRecord,
  stages: readonly Stage[],
): (Progress & { readonly stage: number }) | undefined {
  const { progress } = facts.rollout;
  if (progress === undefined || progress.stage === 'bake' || stages.length === 0) return undefined;
  if (progress.revision !== candidate.name || progress.number !== candidate.number) return undefined;
  const stage = Math.min(progress.stage, stages.length - 1);
  if (progress.since <= o.now) return { ...progress, stage };
  const { doneAt: _, ...rest } = progress;
  return { ...rest, stage, since: o.now };
}

function standingOf(
  o: Observed,
  facts: Facts,
  candidate: RevisionRecord,
  { pods, ready, failure, startedAt }: Pods,
  stages: readonly Stage[],
  progress: Progress | undefined,
): Standing {
  const { rollout } = o.modelDeployment.spec;
  const at = progress === undefined ? undefined : Number(progress.stage);
  const kind = at === undefined ? 'Gate' : (stages[at]?.kind ?? 'Gate');
  const taking = kind === 'Gate' ? undefined : kind;
  const checks = taking === undefined ? [] : checksOf(rollout, taking);
  const changedAt = podsChangedAt(pods);
  const since = Math.max(progress?.since ?? o.now, changedAt);
  return {
    stages,
    at,
    elapsedMs: o.now - (progress?.since ?? o.now),
    watchedMs: progress?.since === o.now ? 0 : o.monitoring.watchedMs,
    watchMs: longestWindowMs(checks),
    doneMs: progress?.doneAt === undefined ? undefined : Math.max(0, o.now - progress.doneAt),
    failed: progress?.failed,
    broken: failure?.final === true ? failure : taking === undefined ? undefined : crashes(pods),
    ailing: failure,
    checks:
      taking === undefined
        ? []
        : judge(o, facts, candidate, { phase: taking, since, checks, before: facts.stable }),
    ready,
    full: sizesNow(o).full,
    podsForMs: Math.max(0, o.now - changedAt),
    paused:
      rollout.paused ||
      o.modelDeployment.metadata.annotations?.[ANNOTATION.paused] === String(candidate.number),
    promotedThrough: promoteRequest(o, candidate).through,
    deadlineMs: durationMs(rollout.progressDeadline),
    startingMs: o.now - startedAt,
    onFailure: rollout.onFailure,
  };
}

export function judge(
  o: Observed,
  facts: Facts,
  { name: revision, number, object }: RevisionRecord,
  look: {
    readonly phase: 'Shadow' | 'Step' | 'Baking';
    readonly since: number;
    readonly checks: ReturnType<typeof checksOf>;
    readonly before: string | undefined;
  },
): readonly CheckResult[] {
  const { name, namespace } = ownerOf(o.modelDeployment);
  const { metrics } = object.spec.model;
  const traffic = child(o, 'ConfigMap', trafficName(ownerOf(o.modelDeployment)));
  const generation = traffic.is === 'ours' ? readTraffic(traffic.object)?.generation : undefined;
  return judgeChecks(look.checks, {
    now: o.now,
    phase: look.phase,
    since: look.since,
    name,
    namespace,
    candidate: { revision, number, metrics },
    stable: findRecord(facts, look.before)?.name ?? look.before,
    monitoring: o.monitoring,
    ...(generation === undefined ? {} : { generation }),
  });
}

/** When a pod of it last came or changed its readiness: what was counted before says nothing of the model. */
export function podsChangedAt(pods: Observed['pods']): number {
  return Math.max(0, ...pods.flatMap((pod) => [timeMs(pod.metadata.creationTimestamp), readyAt(pod)]));
}

/** What a person allowed with the annotation windlass.dev/promote, and what is wrong with it. */
export function promoteRequest(
  { modelDeployment }: Observed,
  { name, number }: RevisionRecord,
): { readonly through: number; readonly ignored?: string } {
  const text = modelDeployment.metadata.annotations?.[ANNOTATION.promote];
  if (text === undefined) return { through: -1 };
  const request = parsePromote(text);
  const steps = modelDeployment.spec.rollout.steps?.length ?? 0;
  const is = `The annotation ${ANNOTATION.promote} is "${text.slice(0, 40)}"`;
  const meant = `Revision ${name} is on its way as number ${number}: write ${number}/<step> or ${number}/full.`;
  if (request === undefined) return { through: -1, ignored: `${is}, which is not understood. ${meant}` };
  // One that was good for an earlier rollout stays behind.
  if (request.number < number) return { through: -1 };
  if (request.number > number)
    return { through: -1, ignored: `${is}, and revision ${request.number} is not on its way. ${meant}` };
  if (request.through === Number.POSITIVE_INFINITY || request.through <= steps) return request;
  return { through: -1, ignored: `${is}, and the rollout has ${steps} steps. ${meant}` };
}

function settle(
  o: Observed,
  candidate: RevisionRecord,
  stages: readonly Stage[],
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
      weight: idle ? 0 : stage.weight,
      shadow: idle ? 0 : stage.shadow,
      why,
      holdUntil,
      checks: standing.checks,
      pods: move.do === 'stay' ? move.pods : stage.pods,
      ready: standing.ready,
      progress: {
        ...progress,
        ...(why === 'growing' && progress.doneAt === undefined ? { doneAt: o.now } : {}),
        ...(move.do === 'stay'
          ? {}
          : { failed: progress.failed ?? { ...failureOf(move.failure), at: o.now } }),
      },
      ignored: promoteRequest(o, candidate).ignored,
      lookAt: lookAt(o, stage, standing, holdUntil),
    },
  };
}

function failureOf({ reason, message }: Failed): Failed {
  return { reason, message: message.slice(0, 2000) };
}

function holdEnd(
  o: Observed,
  { holdMs }: Stage,
  { elapsedMs, watchedMs, watchMs }: Standing,
): number | undefined {
  if (holdMs === 'person') return undefined;
  return o.now + Math.max(0, holdMs - elapsedMs, Math.min(holdMs, watchMs) - watchedMs);
}

/** When the hold or the deadline of what it waits for is over. */
function lookAt(
  o: Observed,
  { holdMs }: Stage,
  s: Standing,
  holdUntil: number | undefined,
): number | undefined {
  const times = [
    holdUntil,
    s.doneMs === undefined ? undefined : o.now - s.doneMs + s.deadlineMs,
    s.ready === 0 ? o.now - s.podsForMs + s.deadlineMs : undefined,
    holdMs === 'person' ? undefined : o.now - s.elapsedMs + holdMs + s.deadlineMs,
  ].filter((time) => time !== undefined && time > o.now);
  return times.length === 0 ? undefined : Math.min(...(times as readonly number[]));
}
