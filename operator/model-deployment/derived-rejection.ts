import { schemaCompatibility } from '#artifact/preflight/index.ts';
import type { Rejection } from './annotations.ts';
import type { Observed } from './observed.ts';
import { findRecord, type Facts, type RevisionRecord } from './revisions.ts';
import { judge } from './judging.ts';
import type { Cause } from './target.ts';

/** What a bundle is rejected for before any pod starts: judged anew each time, because a setting may allow it. */
export function derivedRejection(
  o: Observed,
  facts: Facts,
  candidate: RevisionRecord,
  cause: Cause,
): Rejection | undefined {
  return breakingSchema(o, facts, candidate, cause) ?? metricProblem(o, facts, candidate, cause);
}

/** What training measured is known before any pod starts; a spec that asks for less lets it through. */
function metricProblem(
  o: Observed,
  facts: Facts,
  candidate: RevisionRecord,
  cause: Cause,
): Rejection | undefined {
  const checks = o.modelDeployment.spec.rollout.checks?.filter(({ metric }) => metric !== undefined) ?? [];
  if (checks.length === 0 || cause.by === 'rollback') return undefined;
  const look = { phase: 'Step', since: o.now, checks, before: facts.stable } as const;
  const failing = judge(o, candidate, look).find(({ state }) => state === 'fail');
  if (failing === undefined) return undefined;
  return {
    key: cause.key,
    reason: 'CheckFailed',
    message: failing.message.slice(0, 2000),
    at: candidate.targetSince,
  };
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
