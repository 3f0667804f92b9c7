import type { ModelDeployment, ModelRevision, ModelRollback, ObjectMeta } from '#operator/api/objects.ts';
import type { ConfigMap, Event, Lease, Secret, Service } from './core-types.ts';
import type { Pod } from './pod-types.ts';
import type {
  CronJob,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  PodDisruptionBudget,
} from './workload-types.ts';

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** A kind as the API server's paths know it. `object` is never set: it carries the type alone. */
export interface ResourceType<T extends KubeObject> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly object?: T;
}

export interface Ref {
  readonly namespace: string;
  readonly name: string;
}

export interface CallOptions {
  /** Ends the call early; every call also has a deadline of its own. */
  readonly signal: AbortSignal;
  /** The call's deadline in milliseconds; 15 s when absent. */
  readonly timeoutMs?: number;
}

export interface ListScope {
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
}

export interface PatchOptions extends CallOptions {
  readonly subresource?: 'status' | 'scale';
}

export interface DeleteOptions extends CallOptions {
  /** Precondition: only the object with this UID is deleted. */
  readonly uid: string | undefined;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

export interface PodLogOptions extends CallOptions {
  readonly container?: string;
  readonly limitBytes?: number;
  readonly previous?: boolean;
}

export interface RawOptions extends CallOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** Calls of the API server. Every one throws KubeError alone, but for an abort: that throws the signal's reason. */
export interface Kube {
  /** A live read. */
  get<T extends KubeObject>(type: ResourceType<T>, ref: Ref, options: CallOptions): Promise<T>;
  list<T extends KubeObject>(
    type: ResourceType<T>,
    scope: ListScope,
    options: CallOptions,
  ): Promise<readonly T[]>;
  /** POST: `alreadyExists` when an object of that name exists. */
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options: CallOptions): Promise<T>;
  /** Server-side apply, forced; with `metadata.uid` it never recreates or touches another object of that name. */
  apply<T extends KubeObject>(type: ResourceType<T>, object: T, options: CallOptions): Promise<T>;
  /** JSON merge patch; `metadata.uid` and `metadata.resourceVersion` in it are preconditions (`conflict`). */
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: Ref,
    mergePatch: object,
    options: PatchOptions,
  ): Promise<T>;
  /** An object that is gone, or whose UID is another, is deleted: no error. */
  delete<T extends KubeObject>(type: ResourceType<T>, ref: Ref, options: DeleteOptions): Promise<void>;
  podLog(ref: Ref, options: PodLogOptions): Promise<string>;
  /** Any path, any answer: an HTTP status is never an error here (for the API server's proxy). */
  raw(method: string, path: string, options: RawOptions): Promise<RawResponse>;
}

export const MODEL_DEPLOYMENT: ResourceType<ModelDeployment> = {
  apiVersion: 'windlass.dev/v1alpha1',
  kind: 'ModelDeployment',
  plural: 'modeldeployments',
};
export const MODEL_REVISION: ResourceType<ModelRevision> = {
  apiVersion: 'windlass.dev/v1alpha1',
  kind: 'ModelRevision',
  plural: 'modelrevisions',
};
export const MODEL_ROLLBACK: ResourceType<ModelRollback> = {
  apiVersion: 'windlass.dev/v1alpha1',
  kind: 'ModelRollback',
  plural: 'modelrollbacks',
};
export const DEPLOYMENT: ResourceType<Deployment> = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
};
export const SERVICE: ResourceType<Service> = { apiVersion: 'v1', kind: 'Service', plural: 'services' };
export const CONFIG_MAP: ResourceType<ConfigMap> = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
};
export const POD_DISRUPTION_BUDGET: ResourceType<PodDisruptionBudget> = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
};
export const HORIZONTAL_POD_AUTOSCALER: ResourceType<HorizontalPodAutoscaler> = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
};
export const JOB: ResourceType<Job> = { apiVersion: 'batch/v1', kind: 'Job', plural: 'jobs' };
export const CRON_JOB: ResourceType<CronJob> = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  plural: 'cronjobs',
};
export const POD: ResourceType<Pod> = { apiVersion: 'v1', kind: 'Pod', plural: 'pods' };
export const SECRET: ResourceType<Secret> = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets' };
export const EVENT: ResourceType<Event> = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  plural: 'events',
};
export const LEASE: ResourceType<Lease> = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
};
