import type { Metrics } from './metrics/index.ts';
import type { Observed, PlannedEvent } from './model-deployment/index.ts';

/** What a planned event says of a rollout's end, as metrics count it and notifications tell it. */
export type Outcome =
  | { readonly is: 'promoted' }
  | { readonly is: 'rejected'; readonly revision: string }
  /** A check failed, and the operator took the revision back. */
  | { readonly is: 'undone' }
  /** Another spec came in the middle. */
  | { readonly is: 'superseded' }
  /** A ModelRollback began to hold. */
  | { readonly is: 'rollback'; readonly by: 'windlass' | 'person'; readonly to: string | undefined };

const REJECTED = /^Revision (\S+) was rejected\./;
const ROLLBACK = /^ModelRollback (\S+)/;
const BROUGHT_BACK = /brings back revision ([a-z0-9-]+)/;

export function outcomeOf({ reason, message }: PlannedEvent, observed: Observed): Outcome | undefined {
  switch (reason) {
    case 'Promoted':
      return { is: 'promoted' };
    case 'Undone':
      return { is: 'undone' };
    case 'RolloutSuperseded':
      return { is: 'superseded' };
    case 'RollbackActive': {
      const by = isAutomatic(ROLLBACK.exec(message)?.[1], observed) ? 'windlass' : 'person';
      return { is: 'rollback', by, to: BROUGHT_BACK.exec(message)?.[1] };
    }
    default: {
      const revision = REJECTED.exec(message)?.[1];
      return revision === undefined ? undefined : { is: 'rejected', revision };
    }
  }
}

function isAutomatic(name: string | undefined, { rollbacks, modelDeployment }: Observed): boolean {
  const found = rollbacks.find(({ metadata }) => metadata.name === name);
  const prefix = `${modelDeployment.metadata.name}-auto-`;
  return found?.spec.requestedBy === 'windlass' && found.metadata.name.startsWith(prefix);
}

export function countOutcome(outcome: Outcome, metrics: Pick<Metrics, 'onRollout' | 'onRollback'>): void {
  if (outcome.is === 'rollback') metrics.onRollback(outcome.by);
  else metrics.onRollout(outcome.is);
}
