import type { CheckResult } from '#operator/rollout/check-result.ts';
import { judgeChecks, type checksOf } from '#operator/rollout/checks.ts';
import { timeMs } from './annotations.ts';
import { ownerOf } from './identity.ts';
import type { Observed } from './observed.ts';
import { readyAt, type RevisionRecord } from './revisions.ts';
import { trafficNow } from './traffic-map.ts';

/** What the checks make of a revision, from what was read of it. */
export function judge(
  o: Observed,
  { name: revision, number, object }: RevisionRecord,
  look: {
    readonly phase: 'Shadow' | 'Step' | 'Baking';
    readonly since: number;
    readonly checks: ReturnType<typeof checksOf>;
    readonly before: string | undefined;
  },
): readonly CheckResult[] {
  const { name, namespace } = ownerOf(o.modelDeployment);
  const { metrics } = object.spec.model;
  const generation = trafficNow(o)?.generation;
  return judgeChecks(look.checks, {
    now: o.now,
    phase: look.phase,
    since: look.since,
    name,
    namespace,
    candidate: { revision, number, metrics },
    stable: look.before,
    monitoring: o.monitoring,
    ...(generation === undefined ? {} : { generation }),
  });
}

/** When a pod of it last came or changed its readiness: what was counted before says nothing of the model. */
export function podsChangedAt(pods: Observed['pods'], now: number): number {
  const times = pods.flatMap((pod) => [timeMs(pod.metadata.creationTimestamp), readyAt(pod)]);
  // A node's clock may be ahead.
  return Math.max(0, ...times.filter((time) => time <= now));
}
