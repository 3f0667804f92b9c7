import { sizesOf, type Sizes } from '#operator/rollout/stages.ts';
import type { Observed } from './observed.ts';
import type { Facts } from './revisions.ts';

/**
 * The sizes that replicas and surge leave. An autoscaler sees the stable pods alone, whose load goes while the candidate
 * grows: nothing shrinks while a rollout is on its way, nor right after it.
 */
export function sizesNow({ modelDeployment: { spec }, now }: Observed, { rollout }: Facts): Sizes {
  const { peak } = rollout;
  const counts = peak !== undefined && spec.replicas > 0 && (peak.until === undefined || peak.until > now);
  return sizesOf(counts ? Math.max(spec.replicas, peak.replicas) : spec.replicas, spec.rollout.maxSurge);
}
