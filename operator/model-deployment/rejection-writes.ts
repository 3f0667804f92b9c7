import type { Action } from './action.ts';
import { MEMORY, type Rejection } from './annotations.ts';
import { findRecord, type Facts, type RevisionRecord } from './revisions.ts';
import type { RollbackDecision } from './rollback.ts';
import type { Rollout } from './rollout.ts';

/** Keeps a rejection that was decided now. */
export function keepDecided(rollout: Rollout): readonly Action[] {
  if (rollout.phase !== 'Rejected' || rollout.memory !== 'decided') return [];
  return [keepRejection(rollout.revision, rollout.rejection)];
}

/** Keeps the rejection of what an active automatic undo took back, where it is not kept yet. */
export function keepUndone(facts: Facts, rollback: RollbackDecision | undefined): readonly Action[] {
  const rejection = rollback?.binding.automatic;
  const record = findRecord(facts, rollback?.binding.fromRevision);
  if (rejection === undefined || record === undefined || record.rejection?.key === rejection.key) return [];
  return [keepRejection(record, rejection)];
}

function keepRejection({ name, object }: RevisionRecord, rejection: Rejection): Action {
  const patch = { metadata: { annotations: { [MEMORY.rejection]: JSON.stringify(rejection) } } };
  return { verb: 'patch', kind: 'ModelRevision', name, uid: object.metadata.uid, patch };
}
