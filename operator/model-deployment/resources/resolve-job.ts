import { canonicalJson, sha256 } from '#contract/canonical.ts';
import { LABEL } from '#contract/names.ts';
import { ENVIRONMENT, type ResolveConfig } from '#contract/programs.ts';
import type { ModelDeploymentSpec } from '#operator/api/model-deployment.ts';
import type { Job } from '#operator/kube/index.ts';
import { childMetadata, type Owner } from '../identity.ts';
import { CONTAINER_SECURITY, jobPod } from './restricted.ts';

/** A Job's name becomes a label of its pods, which has at most 63 characters. */
const MAX_NAME = 63;
/** Long enough to read a model of many gigabytes; `runtime resolve` has deadlines of its own. */
const DEADLINE_SECONDS = 3600;
/** Deleted as soon as it was read; this is for an operator that is away. */
const KEEP_SECONDS = 600;

export function resolveJobName(owner: Owner, specHash: string): string {
  const suffix = `-resolve-${sha256(canonicalJson([owner.name, specHash])).slice(0, 10)}`;
  return owner.name.slice(0, MAX_NAME - suffix.length) + suffix;
}

/**
 * Reads and checks the source as the tenant's own service account, where there is no Secret: never as the operator. The
 * token of a web identity is mounted by the platform's webhook, so the service account's own stays away.
 */
export function resolveJob(
  owner: Owner,
  name: string,
  spec: Pick<ModelDeploymentSpec, 'model' | 'serving'>,
  image: string,
  memoryLimitBytes: number | undefined,
): Job {
  const { uri, versionId, sha256: pin } = spec.model;
  const config: ResolveConfig = {
    formatVersion: 1,
    uri,
    ...(versionId === undefined ? {} : { versionId }),
    ...(pin === undefined ? {} : { sha256: pin }),
    ...(memoryLimitBytes === undefined ? {} : { memoryLimit: Math.floor(memoryLimitBytes) }),
  };
  const pod = spec.serving.pod ?? {};
  const { annotations, labels, env } = pod;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: childMetadata(owner, name),
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: DEADLINE_SECONDS,
      ttlSecondsAfterFinished: KEEP_SECONDS,
      template: {
        metadata: {
          labels: {
            ...labels,
            'app.kubernetes.io/managed-by': 'windlass',
            [LABEL.modelDeployment]: owner.name,
          },
          ...(annotations === undefined ? {} : { annotations }),
        },
        spec: {
          ...jobPod(pod),
          containers: [
            {
              name: 'resolve',
              image,
              imagePullPolicy: 'IfNotPresent',
              args: ['resolve', '--config', canonicalJson(config)],
              env: [
                ...(env ?? []),
                {
                  name: ENVIRONMENT.podName,
                  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } },
                },
              ],
              resources: {
                requests: { cpu: '100m', memory: '128Mi' },
                limits: { cpu: '1', memory: '512Mi' },
              },
              securityContext: CONTAINER_SECURITY,
              terminationMessagePolicy: 'File',
              volumeMounts: [{ name: 'temporary', mountPath: '/tmp' }],
            },
          ],
          volumes: [{ name: 'temporary', emptyDir: { sizeLimit: '64Mi' } }],
        },
      },
    },
  };
}
