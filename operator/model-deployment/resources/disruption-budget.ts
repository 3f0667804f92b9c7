import { LABEL } from '#contract/names.ts';
import type { PodDisruptionBudget } from '#operator/kube/index.ts';
import { childMetadata, type Owner } from '../identity.ts';

/** One pod at a time may be evicted; one that does not serve anyway never blocks a drain. */
export function disruptionBudget(owner: Owner, revision: string): PodDisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: childMetadata(owner, revision, { revision }),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: { [LABEL.modelDeployment]: owner.name, [LABEL.revision]: revision } },
    },
  };
}
