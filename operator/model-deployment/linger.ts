import type { Promotion } from './annotations.ts';
import { ours } from './children.ts';
import { revisionLabel } from './identity.ts';
import type { Observed } from './observed.ts';
import { podsOf } from './revisions.ts';
import type { TrafficPlan } from './traffic-plan.ts';
import { minimum } from './times.ts';

/** A revision that is stable no more serves kept-alive clients until its pods know: for at most this long. */
const LINGER_MS = 15_000;

export interface Linger {
  readonly revisions: readonly string[];
  readonly until: number | undefined;
}

/**
 * Revisions that must not stop now: those replaced a moment ago whose pods do not all forward yet, and a candidate that
 * stable pods may still pass requests to.
 */
export function lingering(
  o: Observed,
  stable: string | undefined,
  promotions: readonly Promotion[],
  { traffic, memory }: TrafficPlan,
): Linger {
  if (stable === undefined) return { revisions: [], until: undefined };
  const generation = traffic?.generation ?? 0;
  const running = new Set(ours(o, 'Deployment').map(({ metadata }) => revisionLabel(metadata)));
  const know = (revision: string): boolean =>
    podsOf(o, revision).every(({ metadata }) => o.acknowledged.get(metadata.uid ?? '') === generation);
  const { released } = memory;
  const late = [
    ...promotions.flatMap(({ revision, until }) =>
      until === undefined || know(revision) ? [] : [{ revision, until }],
    ),
    ...(released === undefined || know(stable) ? [] : [{ revision: released.revision, until: released.at }]),
  ].filter(
    ({ revision, until }) => revision !== stable && until + LINGER_MS > o.now && running.has(revision),
  );
  return {
    revisions: late.map(({ revision }) => revision),
    until: minimum(late.map(({ until }) => until + LINGER_MS)),
  };
}
