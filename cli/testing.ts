import type { ModelDeployment, ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import type { ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import { modelDeploymentSpecSchema } from '#operator/api/model-deployment.ts';
import type { ModelRevisionSpec, RevisionState } from '#operator/api/model-revision.ts';
import type { Condition } from '#operator/api/schema.ts';
import type { Pod } from '#operator/kube/index.ts';
import { LABEL } from '#contract/names.ts';

// Objects for the tests of the views.

export const NOW = new Date('2026-03-01T12:00:00Z');
const CREATED = '2026-03-01T11:00:00Z';

export function condition(
  type: string,
  status: Condition['status'],
  reason = 'Reason',
  message = 'message',
): Condition {
  return { type, status, reason, message, observedGeneration: 1, lastTransitionTime: CREATED };
}

export function deployment(status?: ModelDeploymentStatus, generation = 1): ModelDeployment {
  return {
    apiVersion: 'windlass.dev/v1alpha1',
    kind: 'ModelDeployment',
    metadata: {
      name: 'bankchurn',
      namespace: 'churn',
      generation,
      creationTimestamp: CREATED,
      uid: 'md-uid',
    },
    spec: modelDeploymentSpecSchema.parse({ model: { uri: 's3://models/bankchurn/2/' }, replicas: 2 }),
    ...(status === undefined ? {} : { status }),
  };
}

export function revision(
  number: number,
  state: RevisionState,
  change: {
    readonly spec?: Partial<ModelRevisionSpec>;
    readonly reason?: string;
    readonly message?: string;
  } = {},
): ModelRevision {
  return {
    apiVersion: 'windlass.dev/v1alpha1',
    kind: 'ModelRevision',
    metadata: {
      name: revisionName(number),
      namespace: 'churn',
      creationTimestamp: CREATED,
      labels: { [LABEL.modelDeployment]: 'bankchurn' },
    },
    spec: {
      hashVersion: 1,
      modelDeployment: 'bankchurn',
      artifact: {
        format: 'bundle',
        uri: `s3://models/bankchurn/${number}/`,
        sha256: String(number).repeat(64).slice(0, 64),
        size: 2_000_000,
        files: [{ path: 'model.json', size: 10, sha256: String(number).repeat(64).slice(0, 64) }],
      },
      model: { name: 'BankChurn', version: `1.${number}.0`, inputs: [], outputs: [] },
      serving: { maxBatchSize: 64, logLevel: 'info' },
      image: 'windlass-runtime:0.1.0',
      ...change.spec,
    },
    status: {
      revision: number,
      state,
      since: CREATED,
      ...(change.reason === undefined ? {} : { reason: change.reason }),
      ...(change.message === undefined ? {} : { message: change.message }),
    },
  };
}

export function revisionName(number: number): string {
  return `bankchurn-${String(number).repeat(10).slice(0, 10)}`;
}

export function rollback(
  name: string,
  to: number,
  state: 'Active' | 'Superseded' | 'Invalid' | undefined,
  from = 2,
): ModelRollback {
  return {
    apiVersion: 'windlass.dev/v1alpha1',
    kind: 'ModelRollback',
    metadata: { name, namespace: 'churn', creationTimestamp: CREATED },
    spec: { modelDeployment: 'bankchurn', toRevision: revisionName(to), fromSpecHash: 'v1-abc' },
    ...(state === undefined
      ? {}
      : { status: { state, toRevision: revisionName(to), fromRevision: revisionName(from) } }),
  };
}

export function pod(revisionNumber: number, suffix: string, status: object): Pod {
  const name = revisionName(revisionNumber);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-${suffix}`, creationTimestamp: CREATED, labels: { [LABEL.revision]: name } },
    spec: { nodeName: 'node-1', containers: [] },
    status,
  };
}

export const RUNNING = {
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True' }],
  containerStatuses: [{ name: 'serve', ready: true, restartCount: 0, state: { running: {} } }],
} as const;
