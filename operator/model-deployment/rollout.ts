import { schemaCompatibility } from '#artifact/preflight/index.ts';
import { durationMs } from '#operator/api/schema.ts';
import { readNumber, timeMs, MEMORY, type Rejection } from './annotations.ts';
import { child } from './children.ts';
import { seenFailure } from './failures.ts';
import { ownerOf } from './identity.ts';
import type { Observed, Obstacle, SeenFailure } from './observed.ts';
import { findRecord, isReady, podsOf, type Facts, type RevisionRecord } from './revisions.ts';
import type { Cause, Target } from './target.ts';
import { readTraffic, trafficName } from './traffic-file.ts';

/** Where the rollout of the target stands. */
export type Rollout =
  /** The target serves already. */
  | { readonly phase: 'Stable'; readonly revision: string }
  | { readonly phase: 'Resolving' }
  /** An object that is not ours, or that the API server refuses, is in the way. */
  | {
      readonly phase: 'Obstructed';
      readonly candidate: RevisionRecord | undefined;
      readonly obstacle: Obstacle;
    }
  /** It never served, and nothing can be started while `replicas` is 0. */
  | { readonly phase: 'Waiting'; readonly candidate: RevisionRecord }
  | {
      readonly phase: 'Starting';
      readonly candidate: RevisionRecord;
      readonly startedAt: number;
      readonly deadlineAt: number;
      readonly failure: SeenFailure | undefined;
    }
  /** At full size and ready, or without replicas and served before: it becomes stable now. */
  | { readonly phase: 'Promoting'; readonly candidate: RevisionRecord }
  | {
      readonly phase: 'Rejected';
      readonly revision: RevisionRecord;
      readonly rejection: Rejection;
      /** `decided`: now, to be kept; `kept`: before; `derived`: judged anew each time, because a setting may allow it. */
      readonly memory: 'decided' | 'kept' | 'derived';
    };

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
        ? { phase: 'Stable', revision: target.record.name }
        : candidateRollout(o, facts, target.record, target.cause);
  }
}

function candidateRollout(o: Observed, facts: Facts, candidate: RevisionRecord, cause: Cause): Rollout {
  if (candidate.rejection?.key === cause.key) {
    return { phase: 'Rejected', revision: candidate, rejection: candidate.rejection, memory: 'kept' };
  }
  const breaking = breakingSchema(o, facts, candidate, cause);
  if (breaking !== undefined) {
    return { phase: 'Rejected', revision: candidate, rejection: breaking, memory: 'derived' };
  }
  if (o.modelDeployment.spec.replicas === 0) return rolloutAtZero(o, facts, candidate);
  return startingRollout(o, facts, candidate, cause);
}

/**
 * Without replicas nothing can be proven, and no traffic exists. A revision that served before needs no proof: it becomes
 * stable at once, so that what it replaces never serves again. Any other waits until it is scaled up.
 */
function rolloutAtZero(o: Observed, facts: Facts, candidate: RevisionRecord): Rollout {
  if (!servedSinceRejected(facts, candidate)) return { phase: 'Waiting', candidate };
  const obstacle = obstacleOf(o, facts, candidate.name);
  return obstacle === undefined
    ? { phase: 'Promoting', candidate }
    : { phase: 'Obstructed', candidate, obstacle };
}

function servedSinceRejected(facts: Facts, { name, rejection }: RevisionRecord): boolean {
  const served = facts.promotions.find(({ revision }) => revision === name);
  return served !== undefined && (rejection === undefined || rejection.at <= served.from);
}

function startingRollout(o: Observed, facts: Facts, candidate: RevisionRecord, cause: Cause): Rollout {
  const deployment = child(o, 'Deployment', candidate.name);
  const running = deployment.is === 'ours' ? deployment.object : undefined;
  const failure = seenFailure(podsOf(o, candidate.name), running);
  if (failure?.final === true) return reject(o, candidate, cause, failure.reason, failure.message);

  const obstacle = obstacleOf(o, facts, candidate.name);
  const { replicas } = o.modelDeployment.spec;
  const ready = readyOf(o, candidate.name);
  const full = running !== undefined && ready >= replicas;
  if (obstacle !== undefined) return { phase: 'Obstructed', candidate, obstacle };
  if (full) return { phase: 'Promoting', candidate };

  const startedAt = Math.max(
    candidate.targetSince,
    running === undefined ? o.now : timeMs(running.metadata.creationTimestamp),
  );
  const deadline = o.modelDeployment.spec.rollout.progressDeadline;
  const deadlineAt = startedAt + durationMs(deadline);
  if (o.now < deadlineAt) return { phase: 'Starting', candidate, startedAt, deadlineAt, failure };
  const reached = `${ready} of ${replicas} pods were ready`;
  return failure === undefined
    ? reject(o, candidate, cause, 'DeadlineExceeded', silence(o, candidate.name, deadline, reached))
    : reject(
        o,
        candidate,
        cause,
        failure.reason,
        `${failure.message} It lasted for rollout.progressDeadline, ${deadline}; ${reached}.`,
      );
}

/**
 * Ready pods of a candidate, as far as its Deployment made them: those of an earlier Deployment of the same revision are
 * about to end.
 */
export function readyOf(o: Observed, candidate: string): number {
  const known = child(o, 'Deployment', candidate);
  if (known.is !== 'ours') return 0;
  const from = timeMs(known.object.metadata.creationTimestamp);
  return podsOf(o, candidate).filter((pod) => isReady(pod) && timeMs(pod.metadata.creationTimestamp) >= from)
    .length;
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

function reject(
  o: Observed,
  revision: RevisionRecord,
  cause: Cause,
  reason: Rejection['reason'],
  message: string,
): Rollout {
  const rejection: Rejection = { key: cause.key, reason, message: message.slice(0, 2000), at: o.now };
  return { phase: 'Rejected', revision, rejection, memory: 'decided' };
}

/** An undo was served before: its clients are the stable model's concern no more. */
function breakingSchema(
  o: Observed,
  facts: Facts,
  candidate: RevisionRecord,
  cause: Cause,
): Rejection | undefined {
  const stable = findRecord(facts, facts.stable);
  if (stable === undefined || cause.by === 'rollback' || o.modelDeployment.spec.rollout.allowBreakingSchema) {
    return undefined;
  }
  const failure = schemaCompatibility(stable.object.spec.model, candidate.object.spec.model);
  if (failure === undefined) return undefined;
  const message = `${failure.message} Or set rollout.allowBreakingSchema: true.`;
  return {
    key: cause.key,
    reason: failure.reason,
    message: message.slice(0, 2000),
    at: candidate.targetSince,
  };
}

/** What of the candidate's children cannot be made and has to be there before it may serve. */
function obstacleOf(o: Observed, facts: Facts, candidate: string): Obstacle | undefined {
  const needed = [
    child(o, 'Deployment', candidate),
    child(o, 'Service', candidate),
    child(o, 'Service', o.modelDeployment.metadata.name),
    ...(facts.stable === undefined ? [child(o, 'ConfigMap', trafficName(ownerOf(o.modelDeployment)))] : []),
  ];
  for (const known of needed) if (known.is === 'obstructed') return known.obstacle;
  return undefined;
}

/** The number that a revision has; where its ModelRevision is gone, the highest that anything else remembers of it. */
export function numberOf(facts: Facts, o: Observed, revision: string): number | undefined {
  const record = findRecord(facts, revision);
  if (record !== undefined && record.number > 0) return record.number;
  const deployment = child(o, 'Deployment', revision);
  const traffic = child(o, 'ConfigMap', trafficName(ownerOf(o.modelDeployment)));
  const told = readTraffic(traffic.is === 'ours' ? traffic.object : undefined)?.stable;
  const { status } = o.modelDeployment;
  const highest = Math.max(
    (deployment.is === 'ours' ? readNumber(deployment.object.metadata, MEMORY.revisionNumber) : 0) ?? 0,
    told?.revision === revision ? told.number : 0,
    status?.stableRevision === revision ? (status.revision ?? 0) : 0,
  );
  return highest > 0 ? highest : undefined;
}
