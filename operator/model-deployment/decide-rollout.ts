import type { Failure } from '#contract/failure.ts';
import { durationMs } from '#operator/api/schema.ts';
import { timeMs, type Rejection } from './annotations.ts';
import { child } from './children.ts';
import { derivedRejection } from './derived-rejection.ts';
import { seenFailure } from './failures.ts';
import type { Observed, Obstacle, SeenFailure } from './observed.ts';
import { bakeAfter, decideBake } from './bake.ts';
import { isRejected, podsOf, readyOf, type Facts, type RevisionRecord } from './revisions.ts';
import type { Rollout } from './rollout.ts';
import { shift } from './shifting.ts';
import type { Cause, Target } from './target.ts';
import { trafficMap } from './traffic-map.ts';

/** Where the rollout of the target stands, and with that what becomes of it now. */
export function decideRollout(o: Observed, facts: Facts, target: Target): Rollout {
  switch (target.is) {
    case 'unresolved':
      return { phase: 'Resolving' };
    case 'obstructed':
      return { phase: 'Obstructed', candidate: undefined, obstacle: target.obstacle };
    case 'unrecorded':
      return { phase: 'Stable', revision: target.revision };
    case 'revision':
      return target.record.name === facts.stable
        ? stableRollout(o, facts, target.record, target.cause)
        : candidateRollout(o, facts, target.record, target.cause);
  }
}

/** It serves; after a promotion that is to be watched, the checks go on for a while. */
function stableRollout(o: Observed, facts: Facts, record: RevisionRecord, cause: Cause): Rollout {
  const stable: Rollout = { phase: 'Stable', revision: record.name };
  if (cause.by === 'rollback') return stable;
  const bake = decideBake(o, facts, record);
  if (bake.is === 'over') return stable;
  if (bake.is === 'on') return { ...stable, bake: bake.position };
  const rejection = rejectionOf(o, cause, bake.failure);
  return { phase: 'Failed', candidate: record, rejection, to: bake.to, held: bake.position };
}

function candidateRollout(o: Observed, facts: Facts, candidate: RevisionRecord, cause: Cause): Rollout {
  if (candidate.rejection?.key === cause.key) {
    return { phase: 'Rejected', revision: candidate, rejection: candidate.rejection, memory: 'kept' };
  }
  const unfit = derivedRejection(o, facts, candidate, cause);
  if (unfit !== undefined) {
    return { phase: 'Rejected', revision: candidate, rejection: unfit, memory: 'derived' };
  }
  if (o.modelDeployment.spec.replicas === 0) return rolloutAtZero(o, facts, candidate);
  return rolloutOfPods(o, facts, candidate, cause);
}

/**
 * Without replicas nothing can be proven, and no traffic exists. A revision that served before needs no proof: it becomes
 * stable at once, so that what it replaces never serves again. Any other waits until it is scaled up.
 */
function rolloutAtZero(o: Observed, facts: Facts, candidate: RevisionRecord): Rollout {
  const served = facts.promotions.some(({ revision }) => revision === candidate.name);
  if (!served || isRejected(candidate, facts.promotions)) return { phase: 'Waiting', candidate };
  const obstacle = obstacleOf(o, facts, candidate.name);
  return obstacle === undefined
    ? { phase: 'Promoting', candidate, bake: undefined }
    : { phase: 'Obstructed', candidate, obstacle };
}

/** Its pods decide how far it gets. */
function rolloutOfPods(o: Observed, facts: Facts, candidate: RevisionRecord, cause: Cause): Rollout {
  const deployment = child(o, 'Deployment', candidate.name);
  const running = deployment.is === 'ours' ? deployment.object : undefined;
  const pods = podsOf(o, candidate.name);
  const failure = seenFailure(pods, running);
  const startedAt = Math.max(
    candidate.targetSince,
    running === undefined ? o.now : timeMs(running.metadata.creationTimestamp),
  );
  const straight = facts.stable === undefined || cause.by === 'rollback';
  const ready = running === undefined ? 0 : readyOf(o, candidate.name);
  const { move, position, firstPods } = shift(
    o,
    facts,
    candidate,
    { pods, ready, failure, startedAt },
    straight,
  );
  if (move.do === 'reject' && failure?.final === true)
    return {
      phase: 'Rejected',
      revision: candidate,
      rejection: rejectionOf(o, cause, failure),
      memory: 'decided',
    };
  const obstacle = obstacleOf(o, facts, candidate.name);
  if (obstacle !== undefined) return { phase: 'Obstructed', candidate, obstacle };
  switch (move.do) {
    case 'promote':
      return { phase: 'Promoting', candidate, bake: straight ? undefined : bakeAfter(o, facts, candidate) };
    case 'start': {
      const deadlineAt = startedAt + durationMs(o.modelDeployment.spec.rollout.progressDeadline);
      return { phase: 'Starting', candidate, startedAt, deadlineAt, failure, pods: firstPods };
    }
    case 'reject': {
      const rejection = rejectionOf(
        o,
        cause,
        position === undefined ? neverReady(o, candidate, failure, firstPods) : move.failure,
      );
      return { phase: 'Rejected', revision: candidate, rejection, memory: 'decided' };
    }
    case 'undo':
      return {
        phase: 'Failed',
        candidate,
        rejection: rejectionOf(o, cause, move.failure),
        to: facts.stable ?? candidate.name,
        held: position ?? unplaced(),
      };
    case 'stay':
    case 'pause':
      return { phase: 'Shifting', candidate, position: position ?? unplaced(), ailing: failure };
  }
}

function unplaced(): never {
  throw new Error('only a candidate that has a stage stays in one');
}

function neverReady(
  o: Observed,
  candidate: RevisionRecord,
  failure: SeenFailure | undefined,
  firstPods: number,
): Failure {
  const deadline = o.modelDeployment.spec.rollout.progressDeadline;
  const reached = `${readyOf(o, candidate.name)} of ${firstPods} pods were ready`;
  if (failure === undefined)
    return { reason: 'DeadlineExceeded', message: silence(o, candidate.name, deadline, reached) };
  return {
    reason: failure.reason,
    message: `${failure.message} It lasted for rollout.progressDeadline, ${deadline}; ${reached}.`,
  };
}

function silence(o: Observed, revision: string, deadline: string, reached: string): string {
  const pods = podsOf(o, revision);
  const pod = pods.find(({ status }) => status?.phase === 'Pending') ?? pods[0];
  const look =
    pod === undefined
      ? `no pod was made: see kubectl describe deployment ${revision}`
      : `see kubectl describe pod ${pod.metadata.name} (volumes that cannot be mounted, probes that fail) and its logs`;
  return `Revision ${revision} did not become ready within rollout.progressDeadline, ${deadline}: ${reached}, and they report no failure; ${look}. Mend it, or raise the deadline for a big model.`;
}

function rejectionOf(o: Observed, cause: Cause, { reason, message }: Failure): Rejection {
  return { key: cause.key, reason, message: message.slice(0, 2000), at: o.now };
}

/** What of the candidate's children cannot be made and has to be there before it may serve. */
function obstacleOf(o: Observed, facts: Facts, candidate: string): Obstacle | undefined {
  const needed = [
    child(o, 'Deployment', candidate),
    child(o, 'Service', candidate),
    child(o, 'Service', o.modelDeployment.metadata.name),
    ...(facts.stable === undefined ? [trafficMap(o)] : []),
  ];
  for (const known of needed) if (known.is === 'obstructed') return known.obstacle;
  return undefined;
}
