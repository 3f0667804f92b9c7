import { LABEL } from '#contract/names.ts';
import type { S3Connection } from '#contract/programs.ts';
import type { ModelRevisionSpec } from '#operator/api/model-revision.ts';
import type { Deployment } from '#operator/kube/index.ts';
import { MEMORY } from '../annotations.ts';
import { childMetadata, type Owner } from '../identity.ts';
import { podTemplate } from './pod.ts';

/** What a revision's Deployment is made of, but for the ModelRevision's UID. */
export interface RevisionDeployment {
  readonly owner: Owner;
  readonly revision: string;
  readonly number: number;
  readonly spec: ModelRevisionSpec;
  readonly replicas: number;
  readonly secretName: string | undefined;
  readonly connection: S3Connection | undefined;
}

/**
 * A revision's Deployment. It is written once: afterwards only `spec.replicas` changes, and an annotation where a person asks
 * for a restart, so a newer operator that builds another template restarts nothing. `peerToken` is the ModelRevision's UID.
 */
export function deployment(input: RevisionDeployment, peerToken: string): Deployment {
  const { owner, revision, number, replicas } = input;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: childMetadata(owner, revision, {
      revision,
      annotations: { [MEMORY.revisionNumber]: String(number) },
    }),
    spec: {
      replicas,
      selector: {
        matchLabels: { [LABEL.modelDeployment]: owner.name, [LABEL.revision]: revision },
      },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      revisionHistoryLimit: 1,
      template: podTemplate({ ...input, peerToken }),
    },
  };
}
