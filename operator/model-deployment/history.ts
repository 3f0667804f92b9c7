import type { Action } from './action.ts';
import type { Observed } from './observed.ts';
import type { RollbackDecision } from './rollback.ts';
import type { Facts } from './revisions.ts';
import { remove } from './upkeep.ts';

/**
 * Beyond `history.limit`, the revisions with the lowest numbers go. What runs, what the spec was resolved to, and what an
 * active rollback leads to or comes from are no history, and never taken.
 */
export function revisionGarbage(
  o: Observed,
  facts: Facts,
  inUse: ReadonlySet<string>,
  rollbacks: readonly RollbackDecision[],
): readonly Action[] {
  const active = rollbacks.filter(({ state }) => state === 'Active');
  const kept = new Set([
    ...inUse,
    ...active.flatMap(({ binding }) => [binding.toRevision, binding.fromRevision]),
  ]);
  return facts.records
    .filter(({ name }) => !kept.has(name))
    .toSorted((a, b) => b.number - a.number)
    .slice(o.modelDeployment.spec.history.limit)
    .map(({ object }) => remove('ModelRevision', object));
}

/** Beyond `history.limit`, the rollbacks that ended longest ago go. */
export function rollbackGarbage(o: Observed, rollbacks: readonly RollbackDecision[]): readonly Action[] {
  return rollbacks
    .filter(({ state }) => state !== 'Active')
    .toReversed()
    .slice(o.modelDeployment.spec.history.limit)
    .map(({ object }) => remove('ModelRollback', object));
}
