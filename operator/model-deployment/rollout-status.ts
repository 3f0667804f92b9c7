import type { ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import type { RolloutStatus } from '#operator/api/rollout-status.ts';
import type { CheckResult } from '#operator/rollout/check-result.ts';
import { shadowReport } from '#operator/rollout/shadow-report.ts';
import { isoTime, timeMs } from './annotations.ts';
import { waitingFor } from './describe-rollout.ts';
import { ownerOf } from './identity.ts';
import type { Observed } from './observed.ts';
import type { Position } from './position.ts';
import { readyOf } from './revisions.ts';
import type { Rollout } from './rollout.ts';
import type { Outcome } from './situation.ts';

type Shown = Pick<ModelDeploymentStatus, 'rollout' | 'candidateRevision' | 'candidateNumber'>;

/** The rollout on its way, and its revision; times stay while the phase stays. */
export function rolloutStatus(o: Observed, { rollout, facts }: Outcome): Shown {
  const candidate = shownCandidate(rollout);
  const shown: Shown =
    candidate === undefined ? {} : { candidateRevision: candidate.name, candidateNumber: candidate.number };
  switch (rollout.phase) {
    case 'Resolving':
      return { ...shown, rollout: { phase: 'Resolving', ...times(o, 'Resolving', undefined, o.now) } };
    case 'Starting': {
      const { name } = rollout.candidate;
      return {
        ...shown,
        rollout: {
          phase: 'Starting',
          ...times(o, 'Starting', name, rollout.startedAt),
          pods: readyOf(o, name),
          podsWanted: rollout.pods,
          ...stepsOf(o),
        },
      };
    }
    case 'Shifting':
      return { ...shown, rollout: positionStatus(o, rollout.position, facts.stable) };
    case 'Stable':
    case 'Promoting':
      return rollout.bake === undefined
        ? shown
        : { ...shown, rollout: positionStatus(o, rollout.bake, undefined) };
    case 'Obstructed':
    case 'Waiting':
    case 'Rejected':
    case 'Failed':
      return shown;
  }
}

function shownCandidate(rollout: Rollout): { readonly name: string; readonly number: number } | undefined {
  return rollout.phase !== 'Promoting' && 'candidate' in rollout ? rollout.candidate : undefined;
}

function stepsOf({ modelDeployment: { spec } }: Observed): Pick<RolloutStatus, 'steps' | 'step' | 'weight'> {
  const steps = spec.rollout.steps?.length ?? 0;
  return steps === 0 ? {} : { step: 0, steps, weight: 0 };
}

function times(
  { modelDeployment: { status }, now }: Observed,
  phase: RolloutStatus['phase'],
  candidate: string | undefined,
  startedAt: number,
): Pick<RolloutStatus, 'since' | 'startedAt'> {
  const before = status?.rollout;
  const same = before?.phase === phase && status?.candidateRevision === candidate;
  return same
    ? { since: before.since, startedAt: before.startedAt }
    : { since: isoTime(now), startedAt: isoTime(startedAt) };
}

function positionStatus(o: Observed, position: Position, stable: string | undefined): RolloutStatus {
  const { progress, step, steps, weight, checks, pods, ready } = position;
  const waits = position.kind === 'Bake' ? undefined : waitingFor(position, o);
  const { name, namespace } = ownerOf(o.modelDeployment);
  const context = {
    now: o.now,
    phase: 'Shadow',
    since: progress.since,
    name,
    namespace,
    candidate: { revision: progress.revision, number: progress.number, metrics: undefined },
    stable,
    monitoring: o.monitoring,
  } as const;
  const shadow =
    position.kind === 'Shadow' ? shadowReport(context) : o.modelDeployment.status?.rollout?.shadow;
  return {
    phase: phaseOf(position),
    since: isoTime(progress.since),
    startedAt: o.modelDeployment.status?.rollout?.startedAt ?? isoTime(progress.since),
    step,
    steps,
    weight,
    ...holdUntil(o, position.holdUntil),
    ...(waits === undefined ? {} : { waitingFor: waits.slice(0, 512) }),
    pods: ready,
    podsWanted: pods,
    ...(checks.length === 0 ? {} : { checks: checks.slice(0, 24).map(checkStatus) }),
    ...(shadow === undefined ? {} : { shadow }),
  };
}

function phaseOf({ kind, why, step, steps }: Position): RolloutStatus['phase'] {
  if (kind === 'Bake') return 'Baking';
  if (why === 'failed' || (kind === 'Gate' && why === 'paused')) return 'Paused';
  if (why === 'growing' && step === steps) return 'Promoting';
  return kind === 'Shadow' ? 'Shadow' : 'Step';
}

/** A hold that is measured by another clock ends a moment sooner or later than was said: that is no news. */
const HOLD_JITTER_MS = 5_000;

function holdUntil(
  { modelDeployment }: Observed,
  until: number | undefined,
): Pick<RolloutStatus, 'holdUntil'> {
  if (until === undefined) return {};
  const before = modelDeployment.status?.rollout?.holdUntil;
  const near = before !== undefined && Math.abs(timeMs(before) - until) < HOLD_JITTER_MS;
  return { holdUntil: near ? before : isoTime(until) };
}

const CHECK_STATES = { pass: 'Passing', wait: 'Waiting', fail: 'Failing' } as const;

function checkStatus({
  name,
  state,
  value,
  limit,
  samples,
  message,
}: CheckResult): NonNullable<RolloutStatus['checks']>[number] {
  return {
    name: name.slice(0, 128),
    state: CHECK_STATES[state],
    ...(value === undefined ? {} : { value: value.slice(0, 64) }),
    limit: limit.slice(0, 128),
    ...(samples === undefined ? {} : { samples }),
    ...(state === 'pass' ? {} : { message: message.slice(0, 1024) }),
  };
}
