import type { PodReport, ReportedSide } from '#contract/pod-report.ts';
import { readTraffic } from '../traffic-file.ts';
import type { ConfigMap } from '#operator/kube/index.ts';
import { NAME } from './fixtures.ts';
import type { World } from './world.ts';

/** What the candidate does with its requests. */
export interface Behaviour {
  /** Share of its requests that it fails. */
  readonly failing?: number;
  /** Requests a second that reach the ModelDeployment. */
  readonly rate?: number;
}

const BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1];

function side(requests: number, failures: number): ReportedSide {
  return {
    requests,
    failures: failures === 0 ? {} : { server_error: failures },
    latency: { bounds: BOUNDS, counts: [0, 0, requests, 0, 0, 0, 0, 0] },
    predictions: { yes: Math.floor(requests / 2), no: Math.ceil(requests / 2) },
  };
}

/**
 * Lets time pass under load: every pod reports each five seconds what it would have counted by the traffic file that holds,
 * and the operator looks each time.
 */
export async function underLoad(world: World, ms: number, behaviour: Behaviour = {}): Promise<void> {
  const { rate = 200, failing = 0 } = behaviour;
  const end = world.now + ms;
  while (world.now < end) {
    world.now += Math.min(5_000, end - world.now);
    world.read(reportsOf(world, rate, failing));
    await world.reconcile();
  }
}

/** What each stable pod would report by now. */
export function reportsOf(world: World, rate: number, failing: number): ReadonlyMap<string, PodReport> {
  const traffic = readTraffic(world.cluster.get('ConfigMap', `${NAME}-traffic`) as ConfigMap | undefined);
  if (traffic === undefined) return new Map();
  const { candidate, stable, generation } = traffic;
  const pods = world.podsOf(stable.revision);
  const seconds = (world.now - world.start) / 1000;
  const each = Math.floor((rate * seconds) / Math.max(1, pods.length));
  return new Map(
    pods.map(({ metadata }): [string, PodReport] => {
      const share = candidate === undefined ? 0 : Math.floor((each * candidate.weight) / 100);
      const copies = candidate === undefined ? 0 : Math.floor((each * candidate.shadow) / 100);
      const ownFailing = stable.revision === world.failing ? failing : 0;
      return [
        metadata.uid ?? '',
        {
          revision: stable.revision,
          generation,
          weight: candidate?.weight ?? 0,
          shadow: candidate?.shadow ?? 0,
          instance: metadata.uid ?? '',
          served: side(each, Math.floor(each * ownFailing)),
          rollout:
            candidate === undefined
              ? null
              : {
                  candidate: candidate.revision,
                  number: candidate.number,
                  stable: side(each - share, 0),
                  forwarded: side(share, Math.floor(share * failing)),
                  copied: {
                    compared: copies,
                    agreed: Math.floor(copies * (1 - failing)),
                    failures: {},
                    dropped: 0,
                    differences: { bounds: [0.01], counts: [copies, 0] },
                    worst: [],
                  },
                },
        },
      ];
    }),
  );
}
