import type { ModelDeployment, ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import { CliError, EXIT } from '../exit.ts';
import {
  activeRollback,
  candidateRevision,
  describeRevision,
  findRevision,
  newestFirst,
  revisionNumber,
  stableRevision,
} from '../revisions.ts';
import { condition, observed } from '../status/view.ts';

export interface UndoInput {
  readonly deployment: ModelDeployment;
  readonly revisions: readonly ModelRevision[];
  readonly rollbacks: readonly ModelRollback[];
  /** What --to-revision says. */
  readonly toRevision: string | undefined;
}

export interface UndoPlan {
  readonly from: ModelRevision | undefined;
  readonly to: ModelRevision;
  /** The spec that is undone; absent where the operator has not looked at the newest spec yet. */
  readonly fromSpecHash: string | undefined;
  /** Starts with nothing to wait for (its pods run), or has to start pods first. */
  readonly warm: boolean;
}

/** Decides what an undo means, or says why there is nothing to undo. */
export function undoPlan(input: UndoInput): UndoPlan {
  const { deployment, revisions, rollbacks, toRevision } = input;
  const stable = stableRevision(deployment, revisions);
  const candidate = candidateRevision(deployment, revisions);
  const to =
    toRevision === undefined
      ? previous(deployment, revisions, rollbacks)
      : findRevision(revisions, toRevision);
  if (to.metadata.name === stable?.metadata.name && !underWay(deployment, revisions, rollbacks)) {
    throw new CliError(`${describeRevision(to)} serves already: there is nothing to undo`, {
      exitCode: EXIT.usage,
      hint: history(deployment),
    });
  }
  return {
    from: candidate ?? (to.metadata.name === stable?.metadata.name ? undefined : stable),
    to,
    fromSpecHash: observed(deployment) ? deployment.status?.specHash : undefined,
    warm: to.status?.state === 'Warm' || to.status?.state === 'Stable',
  };
}

/** Whether the spec asks for something else than what serves: a candidate, or a source that is not resolved yet. */
function underWay(
  deployment: ModelDeployment,
  revisions: readonly ModelRevision[],
  rollbacks: readonly ModelRollback[],
): boolean {
  if (candidateRevision(deployment, revisions) !== undefined || !observed(deployment)) return true;
  if (activeRollback(rollbacks) !== undefined) return false;
  return (
    condition(deployment, 'Ready')?.status !== 'True' &&
    condition(deployment, 'ModelResolved')?.status === 'False'
  );
}

/**
 * What the operator takes an undo without a revision to mean: while another revision is on its way, to keep the one that
 * serves; else the newest that served before it, other than one that was undone.
 */
function previous(
  deployment: ModelDeployment,
  revisions: readonly ModelRevision[],
  rollbacks: readonly ModelRollback[],
): ModelRevision {
  const stable = stableRevision(deployment, revisions);
  if (stable === undefined) {
    throw new CliError(`${deployment.metadata.name} has no stable revision: there is nothing to undo`, {
      exitCode: EXIT.usage,
      hint: `see what it waits for: kubectl windlass status ${named(deployment)}`,
    });
  }
  if (underWay(deployment, revisions, rollbacks)) return stable;
  const undone = activeRollback(rollbacks)?.status?.fromRevision;
  const number = revisionNumber(stable) ?? Infinity;
  const found = newestFirst(revisions).find(
    (revision) =>
      revision.metadata.name !== undone &&
      (revisionNumber(revision) ?? Infinity) < number &&
      (revision.status?.state === 'Warm' || revision.status?.state === 'Retired'),
  );
  if (found !== undefined) return found;
  throw new CliError(
    `no revision served before ${describeRevision(stable)}: there is nothing to go back to`,
    {
      exitCode: EXIT.notFound,
      hint: history(deployment),
    },
  );
}

function named(deployment: ModelDeployment): string {
  return `${deployment.metadata.name} -n ${deployment.metadata.namespace ?? ''}`;
}

function history(deployment: ModelDeployment): string {
  return `see what is there: kubectl windlass history ${named(deployment)}`;
}

/**
 * A name that says what it does: bankchurn-undo-3-to-2, and with a number behind it where that one is taken (after an
 * earlier undo of the same kind that has ended).
 */
export function rollbackName(plan: UndoPlan, deployment: string, attempt: number): string {
  const from = plan.from === undefined ? 'spec' : label(plan.from, deployment);
  const base = `${deployment}-undo-${from}-to-${label(plan.to, deployment)}`;
  return attempt === 0 ? base : `${base}-${attempt + 1}`;
}

function label(revision: ModelRevision, deployment: string): string {
  return String(revisionNumber(revision) ?? revision.metadata.name.slice(deployment.length + 1));
}
