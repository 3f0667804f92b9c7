import { API_VERSION, LABEL } from '#contract/names.ts';
import { sha256 } from '#contract/canonical.ts';
import { modelDeploymentSpecSchema, type ModelDeploymentSpec } from '#operator/api/model-deployment.ts';
import type { ModelDeployment, ModelRollback } from '#operator/api/objects.ts';
import type { ModelRollbackSpec } from '#operator/api/model-rollback.ts';
import type { ContainerStatus, Pod, PodCondition } from '#operator/kube/index.ts';
import type { ResolvedSource } from '#operator/source/index.ts';

export const NAMESPACE = 'models';
export const NAME = 'churn';

/** A spec as the API server stores it. */
export function spec(overrides: object = {}): ModelDeploymentSpec {
  return modelDeploymentSpecSchema.parse({
    model: { uri: 's3://models/churn/1/', credentials: { secretName: 's3' } },
    ...overrides,
  });
}

export function modelDeployment(overrides: object = {}): ModelDeployment {
  return {
    apiVersion: API_VERSION,
    kind: 'ModelDeployment',
    metadata: { name: NAME, namespace: NAMESPACE, uid: 'md-1', generation: 1 },
    spec: spec(overrides),
  };
}

/** What a source with these bytes resolves to; another `content` is another artifact. */
export function resolvedSource(content: string, inputs: readonly string[] = ['age']): ResolvedSource {
  const digest = sha256(content);
  return {
    artifact: {
      format: 'bundle',
      uri: 's3://models/churn/1/',
      sha256: digest,
      size: 1024,
      files: [{ path: 'model.json', size: 1024, sha256: digest, etag: `"${digest.slice(0, 8)}"` }],
    },
    model: {
      name: 'churn',
      version: content,
      task: 'binary-classification',
      inputs: inputs.map((name) => ({
        name,
        type: 'float32',
        shape: [null, 1],
        required: true,
        integer: false,
      })),
      outputs: [{ name: 'probabilities', type: 'float32', shape: [null, 2] }],
      estimatedMemoryBytes: 2 ** 27,
    },
    marker: `"${digest.slice(0, 8)}"`,
  };
}

export function rollback(name: string, fields: Partial<ModelRollbackSpec> = {}): ModelRollback {
  return {
    apiVersion: API_VERSION,
    kind: 'ModelRollback',
    metadata: { name, namespace: NAMESPACE },
    spec: { modelDeployment: NAME, ...fields },
  };
}

export interface PodState {
  readonly ready?: boolean;
  readonly createdAt?: number;
  readonly uid?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly init?: Partial<ContainerStatus>;
  readonly main?: Partial<ContainerStatus>;
  readonly conditions?: readonly PodCondition[];
}

export function pod(revision: string, name: string, state: PodState = {}): Pod {
  const { ready = false, createdAt = 0 } = state;
  const status = (container: string, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
    name: container,
    ready,
    restartCount: 0,
    ...more,
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: NAMESPACE,
      uid: state.uid ?? `uid-${name}`,
      creationTimestamp: new Date(createdAt).toISOString(),
      labels: { [LABEL.modelDeployment]: NAME, [LABEL.revision]: revision },
      ...(state.annotations === undefined ? {} : { annotations: state.annotations }),
    },
    spec: {
      initContainers: [{ name: 'pull', image: 'runtime:1' }],
      containers: [{ name: 'serve', image: 'runtime:1', resources: { limits: { memory: '1Gi' } } }],
    },
    status: {
      phase: 'Running',
      podIP: '10.0.0.1',
      conditions: [
        {
          type: 'Ready',
          status: ready ? 'True' : 'False',
          lastTransitionTime: new Date(createdAt).toISOString(),
        },
        ...(state.conditions ?? []),
      ],
      initContainerStatuses: [status('pull', state.init)],
      containerStatuses: [status('serve', state.main)],
    },
  };
}
