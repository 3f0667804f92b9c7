import { API_VERSION } from '#contract/names.ts';
import type { ModelDeploymentSpec } from '#operator/api/model-deployment.ts';
import type { HorizontalPodAutoscaler } from '#operator/kube/index.ts';
import { childMetadata, type Owner } from '../identity.ts';

/** It scales the ModelDeployment, whose scale subresource means the stable revision alone. */
export function autoscaler(
  owner: Owner,
  settings: NonNullable<ModelDeploymentSpec['autoscaling']>,
): HorizontalPodAutoscaler {
  const targets = [
    ['cpu', settings.targetCPUUtilizationPercentage],
    ['memory', settings.targetMemoryUtilizationPercentage],
  ] as const;
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: childMetadata(owner, owner.name),
    spec: {
      scaleTargetRef: { apiVersion: API_VERSION, kind: 'ModelDeployment', name: owner.name },
      minReplicas: settings.minReplicas,
      maxReplicas: settings.maxReplicas,
      metrics: targets.flatMap(([name, averageUtilization]) =>
        averageUtilization === undefined
          ? []
          : [
              {
                type: 'Resource' as const,
                resource: { name, target: { type: 'Utilization' as const, averageUtilization } },
              },
            ],
      ),
    },
  };
}
