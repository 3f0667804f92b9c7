import type { ModelDeployment, ModelRevision } from '#operator/api/objects.ts';
import { CliError, EXIT } from '../exit.ts';
import {
  candidateRevision,
  findRevision,
  newestFirst,
  revisionNumber,
  stableRevision,
} from '../revisions.ts';

/**
 * Which two revisions are meant. Both named: these. One: it against the stable one. None: the stable one against the
 * candidate that comes, else what served before against the stable one.
 */
export function revisionPair(
  deployment: ModelDeployment,
  revisions: readonly ModelRevision[],
  a: string | undefined,
  b: string | undefined,
): readonly [ModelRevision, ModelRevision] {
  if (a !== undefined && b !== undefined) return [findRevision(revisions, a), findRevision(revisions, b)];
  const stable = stableRevision(deployment, revisions);
  if (stable === undefined) {
    throw new CliError(`${deployment.metadata.name} has no stable revision to compare with`, {
      exitCode: EXIT.notFound,
      hint: 'name two revisions: kubectl windlass diff NAME A B',
    });
  }
  if (a !== undefined) return ordered(findRevision(revisions, a), stable);
  const candidate = candidateRevision(deployment, revisions);
  if (candidate !== undefined) return [stable, candidate];
  const other = newestFirst(revisions).find((revision) => revision.metadata.name !== stable.metadata.name);
  if (other !== undefined) return ordered(other, stable);
  throw new CliError(`${deployment.metadata.name} has one revision: there is nothing to compare`, {
    exitCode: EXIT.notFound,
  });
}

/** The earlier one first. */
function ordered(a: ModelRevision, b: ModelRevision): readonly [ModelRevision, ModelRevision] {
  return (revisionNumber(a) ?? Infinity) <= (revisionNumber(b) ?? Infinity) ? [a, b] : [b, a];
}
