import type { ModelDeployment, ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import { ANNOTATION } from '#contract/names.ts';
import { CliError, EXIT } from './exit.ts';

/**
 * A revision's number: its status has it, and the annotation when a status was lost. Content that came back has taken a
 * greater one, which the annotation knows first.
 */
export function revisionNumber(revision: ModelRevision): number | undefined {
  const annotated = Number(revision.metadata.annotations?.[ANNOTATION.revisionNumber]);
  const known = [revision.status?.revision ?? 0, Number.isInteger(annotated) ? annotated : 0];
  const number = Math.max(...known);
  return number > 0 ? number : undefined;
}

/** `revision 3`, or its name where it has no number yet. */
export function describeRevision(revision: ModelRevision): string {
  const number = revisionNumber(revision);
  return number === undefined ? revision.metadata.name : `revision ${number}`;
}

/** Newest first; those without a number (just made) before all others. */
export function newestFirst(revisions: readonly ModelRevision[]): readonly ModelRevision[] {
  return revisions.toSorted(
    (a, b) =>
      (revisionNumber(b) ?? Infinity) - (revisionNumber(a) ?? Infinity) ||
      (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '') ||
      b.metadata.name.localeCompare(a.metadata.name),
  );
}

/** The revision that a person means by a number (3), a name (bankchurn-5f0c9a71be) or a name's hash (5f0c9a71be). */
export function findRevision(revisions: readonly ModelRevision[], wanted: string): ModelRevision {
  const found = revisions.find(
    (revision) =>
      revision.metadata.name === wanted ||
      String(revisionNumber(revision)) === wanted ||
      revision.metadata.name === `${revision.spec.modelDeployment}-${wanted}`,
  );
  if (found !== undefined) return found;
  const known = newestFirst(revisions)
    .map((revision) => revisionNumber(revision) ?? revision.metadata.name)
    .join(', ');
  throw new CliError(`there is no revision ${wanted}`, {
    exitCode: EXIT.notFound,
    hint: known === '' ? 'no revision has been made yet' : `revisions in the history: ${known}`,
  });
}

export function stableRevision(
  deployment: ModelDeployment,
  revisions: readonly ModelRevision[],
): ModelRevision | undefined {
  const name = deployment.status?.stableRevision;
  return revisions.find((revision) => revision.metadata.name === name);
}

export function candidateRevision(
  deployment: ModelDeployment,
  revisions: readonly ModelRevision[],
): ModelRevision | undefined {
  const name = deployment.status?.candidateRevision;
  return name === undefined || name === deployment.status?.stableRevision
    ? undefined
    : revisions.find((revision) => revision.metadata.name === name);
}

/** The undo that holds now: the newest active one. */
export function activeRollback(rollbacks: readonly ModelRollback[]): ModelRollback | undefined {
  return rollbacks
    .filter((rollback) => rollback.status?.state === 'Active')
    .toSorted((a, b) =>
      (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
    )[0];
}

/** How to end an undo. What was rejected is not tried again for that alone: its record has to go too. */
export function wayForward(
  { metadata: { name, namespace = '' }, status }: ModelRollback,
  rejected: readonly string[],
): string {
  const from = status?.fromRevision;
  const objects =
    from !== undefined && rejected.includes(from)
      ? `modelrollback/${name} modelrevision/${from}`
      : `modelrollback ${name}`;
  return `to go forward: change spec.model or spec.serving, or kubectl delete ${objects} -n ${namespace}`;
}
