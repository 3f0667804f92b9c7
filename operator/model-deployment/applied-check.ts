import type { CheckResult } from '#operator/rollout/check-result.ts';
import type { Observed } from './observed.ts';
import { isReady, podsOf, type Facts } from './revisions.ts';
import { trafficNow } from './traffic-map.ts';

/** How status calls it. */
export const SPLIT_APPLIED = 'split applied';
const LIMIT = 'by every stable pod';

/**
 * Whether every stable pod does what the traffic file says: while one does not, or cannot be asked, no hold ends. Nothing
 * is shown while all do.
 */
export function appliedCheck(o: Observed, facts: Facts, since: number): readonly CheckResult[] {
  // This very plan writes what they shall apply.
  if (since === o.now) return [];
  const traffic = trafficNow(o);
  if (traffic?.candidate === undefined || facts.stable === undefined) return [];
  const wait = (message: string): readonly CheckResult[] => [
    { name: SPLIT_APPLIED, state: 'wait', limit: LIMIT, message },
  ];
  for (const { metadata } of podsOf(o, facts.stable).filter(isReady)) {
    const report = o.monitoring.samples.findLast(({ uid }) => uid === metadata.uid)?.report;
    if (report === undefined && !o.monitoring.asked)
      return wait(
        `Pod ${metadata.name} was not asked yet what it applies: the operator began to look a moment ago.`,
      );
    if (report === undefined)
      return wait(
        `PodsUnreachable: pod ${metadata.name} has not said what it applies. Let the operator reach port 8080 of the model's pods through network policies and meshes.`,
      );
    if ((report.generation ?? 0) < traffic.generation)
      return wait(`Pod ${metadata.name} has not applied the newest weights yet; it is told again.`);
    if (report.rollout === undefined || report.rollout === null)
      return wait(
        `Pod ${metadata.name} runs a runtime of an earlier release, which passes no share on. Promote past the steps this once (windlass.dev/promote: <revision number>/full), or leave rollout.steps out until its revision is replaced.`,
      );
  }
  return [];
}
