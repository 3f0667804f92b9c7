import { podsFor } from '#operator/rollout/stages.ts';
import type { Observed } from './observed.ts';
import type { Facts, RevisionRecord } from './revisions.ts';
import { sizesNow } from './sizes.ts';
import { trafficNow } from './traffic-map.ts';

/** No greater share than its ready pods are sized for: settings that change in the middle, and pods that come back, wait. */
export function weightNow(
  o: Observed,
  facts: Facts,
  { number }: RevisionRecord,
  weight: number,
  ready: number,
): number {
  if (ready >= podsFor(weight, sizesNow(o, facts))) return weight;
  const now = trafficNow(o)?.candidate;
  return Math.min(weight, now?.number === number ? now.weight : 0);
}
