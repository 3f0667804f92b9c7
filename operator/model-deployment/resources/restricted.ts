import type { ModelDeploymentSpec } from '#operator/api/model-deployment.ts';
import type { PodTemplateSpec } from '#operator/kube/index.ts';

// The restricted Pod Security Standard, for every pod that Windlass makes.

/** 65532 is `nonroot` in distroless images, and no user of the node. */
const USER = 65532;

export const POD_SECURITY = {
  runAsNonRoot: true,
  runAsUser: USER,
  runAsGroup: USER,
  fsGroup: USER,
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

/** A program that is not Windlass's own may write to its root file system. */
export const FOREIGN_CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
} as const;

export const CONTAINER_SECURITY = { ...FOREIGN_CONTAINER_SECURITY, readOnlyRootFilesystem: true } as const;

type PodSettings = NonNullable<ModelDeploymentSpec['serving']['pod']>;

/** What a Job's pod may do, and where it runs. */
export function jobPod({
  serviceAccountName,
  imagePullSecrets,
  nodeSelector,
  tolerations,
}: Pick<PodSettings, 'serviceAccountName' | 'imagePullSecrets' | 'nodeSelector' | 'tolerations'>): Omit<
  PodTemplateSpec['spec'],
  'containers'
> {
  return {
    ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    ...(imagePullSecrets === undefined ? {} : { imagePullSecrets }),
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(tolerations === undefined ? {} : { tolerations }),
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: POD_SECURITY,
  };
}
