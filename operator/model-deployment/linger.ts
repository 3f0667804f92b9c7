import type { Promotion } from './annotations.ts';
import { ours } from './children.ts';
import { revisionLabel } from './identity.ts';
import type { Observed } from './observed.ts';
import { podsOf } from './revisions.ts';
import { generationFor } from './switch.ts';

/** A revision that is stable no more serves kept-alive clients until its pods know: for at most this long. */
const LINGER_MS = 15_000;

export interface Linger {
  readonly revisions: readonly string[];
  readonly until: number | undefined;
}

/** Revisions that were replaced a moment ago, and whose pods do not all forward yet: these must not stop now. */
export function lingering(o: Observed, stable: string | undefined, promotions: readonly Promotion[]): Linger {
  if (stable === undefined) return { revisions: [], until: undefined };
  const generation = generationFor(o, stable);
  const running = new Set(ours(o, 'Deployment').map(({ metadata }) => revisionLabel(metadata)));
  const knows = (revision: string): boolean =>
    podsOf(o, revision).every(({ metadata }) => o.acknowledged.get(metadata.uid ?? '') === generation);
  const late = promotions.filter(
    ({ revision, until }) =>
      revision !== stable &&
      until !== undefined &&
      until + LINGER_MS > o.now &&
      running.has(revision) &&
      !knows(revision),
  );
  return {
    revisions: late.map(({ revision }) => revision),
    until: late.length === 0 ? undefined : Math.min(...late.map(({ until = 0 }) => until + LINGER_MS)),
  };
}
