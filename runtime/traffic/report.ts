import type { PodReport } from '#contract/pod-report.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { ServiceState } from '#runtime/state.ts';
import type { Rollout } from './rollout.ts';

export type TrafficReport = PodReport & {
  readonly stable: boolean;
  readonly stableRevision: string | null;
};

/** What GET /windlass/v1/traffic answers: what this pod has applied, and what came of it. */
export function trafficReport(
  state: ServiceState,
  metrics: Metrics,
  rollout: Rollout | undefined,
): TrafficReport {
  return {
    revision: state.revision ?? null,
    generation: state.traffic?.generation ?? 0,
    stable: state.stable,
    stableRevision: state.traffic?.stable.revision ?? null,
    weight: rollout?.candidate.weight ?? 0,
    shadow: rollout?.candidate.shadow ?? 0,
    instance: state.instance,
    served: metrics.served(),
    ...(rollout === undefined ? {} : { rollout: rollout.report() }),
  };
}
