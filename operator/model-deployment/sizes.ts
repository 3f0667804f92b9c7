import { sizesOf, type Sizes } from '#operator/rollout/stages.ts';
import type { Observed } from './observed.ts';
import type { Facts } from './revisions.ts';

/**
 * The sizes that replicas and surge leave. An autoscaler sees the stable pods alone, whose load goes while the candidate
 * grows: nothing shrinks while a rollout is on its way, nor right after it.
 */
export function sizesNow(o: Observed, facts: Facts): Sizes {
  const { replicas, rollout } = o.modelDeployment.spec;
  return sizesOf(replicas > 0 ? Math.max(replicas, peakNow(o, facts)) : replicas, rollout.maxSurge);
}

/** The most replicas of the rollout on its way, or of one that ended a moment ago; 0: there was none. */
export function peakNow({ now }: Observed, { rollout: { peak } }: Facts): number {
  return peak === undefined || (peak.until ?? Infinity) <= now ? 0 : peak.replicas;
}
