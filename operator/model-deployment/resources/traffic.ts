import { canonicalJson } from '#contract/canonical.ts';
import { TRAFFIC_FILE, type Traffic } from '#contract/traffic.ts';
import type { ConfigMap } from '#operator/kube/index.ts';
import { MEMORY, type Promotion, type RolloutMemory } from '../annotations.ts';
import { childMetadata, type Owner } from '../identity.ts';
import { trafficName } from '../traffic-file.ts';

/** The traffic file, and beside it what the operator must remember of every revision together. */
export function trafficConfigMap(
  owner: Owner,
  traffic: Traffic,
  memory: {
    readonly highest: number;
    readonly promotions: readonly Promotion[];
    readonly rollout?: RolloutMemory | undefined;
  },
): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: childMetadata(owner, trafficName(owner), {
      annotations: {
        [MEMORY.highestRevision]: String(memory.highest),
        [MEMORY.promotions]: canonicalJson(memory.promotions),
        ...(memory.rollout === undefined ? {} : { [MEMORY.rollout]: canonicalJson(memory.rollout) }),
      },
    }),
    data: { [TRAFFIC_FILE]: canonicalJson(traffic) },
  };
}
