import { REASONS, findCondition } from '#operator/api/conditions.ts';
import { ANNOTATION } from '#contract/names.ts';
import type { Observed, Plan, PlannedEvent } from '#operator/model-deployment/index.ts';
import { outcomeOf, type Outcome } from '#operator/outcomes.ts';
import type { Notification } from './notification.ts';

type Told = Pick<Notification, 'kind' | 'revision' | 'from' | 'to'>;

/** What of a plan that was carried out is worth a message to people: each happening once. */
export function notificationsOf(observed: Observed, plan: Plan): readonly Notification[] {
  const told = plan.events.flatMap((event) => {
    const outcome = outcomeOf(event, observed);
    const told = outcome === undefined ? undefined : tell(outcome, observed, plan);
    return told === undefined ? [] : [{ event, told }];
  });
  // An undo is a rejection as well: who hears of the one need not hear of the other.
  const undone = told.some(({ told }) => told.kind === 'undone');
  return told
    .filter(({ told }) => !undone || told.kind === 'undone')
    .map(({ event, told }) => notification(event, told, observed));
}

function tell(outcome: Outcome, { modelDeployment }: Observed, { status }: Plan): Told | undefined {
  const before = modelDeployment.status?.stableRevision ?? '';
  const candidate = modelDeployment.status?.candidateRevision;
  const stable = status.stableRevision ?? '';
  switch (outcome.is) {
    case 'promoted':
      // The end of an undo was told when the undo began.
      return isUndo(status) ? undefined : { kind: 'promoted', revision: stable, from: before, to: stable };
    case 'rejected':
      return { kind: 'rejected', revision: outcome.revision, from: outcome.revision, to: stable };
    case 'undone': {
      const from = candidate ?? before;
      return { kind: 'undone', revision: from, from, to: stable };
    }
    case 'rollback': {
      const from = candidate ?? before;
      // An automatic one was told when the operator decided on it.
      return outcome.by === 'windlass'
        ? undefined
        : { kind: 'undone', revision: from, from, to: outcome.to ?? stable };
    }
    case 'superseded':
      return undefined;
  }
}

function isUndo(status: Plan['status']): boolean {
  const reason = findCondition(status.conditions, 'Ready')?.reason;
  return reason === REASONS.rolledBack || reason === REASONS.rollingBack;
}

function notification({ reason, message }: PlannedEvent, told: Told, observed: Observed): Notification {
  const { name, namespace = '' } = observed.modelDeployment.metadata;
  const revision = observed.revisions.find(({ metadata }) => metadata.name === told.revision);
  return {
    ...told,
    namespace,
    name,
    number: revision?.metadata.annotations?.[ANNOTATION.revisionNumber] ?? '',
    reason,
    message,
    time: new Date(observed.now).toISOString(),
    command: `kubectl windlass status ${name} --namespace ${namespace}`,
  };
}
