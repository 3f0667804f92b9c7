import type { API_VERSION } from '#contract/names.ts';
import type { ModelDeploymentSpec, ModelDeploymentStatus } from './model-deployment.ts';
import type { ModelRevisionSpec, ModelRevisionStatus } from './model-revision.ts';
import type { ModelRollbackSpec, ModelRollbackStatus } from './model-rollback.ts';

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** The part of an object's metadata that Windlass reads or writes. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

interface Resource<Kind extends string, Spec, Status> {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status?: Status;
}

export type ModelDeployment = Resource<'ModelDeployment', ModelDeploymentSpec, ModelDeploymentStatus>;
export type ModelRevision = Resource<'ModelRevision', ModelRevisionSpec, ModelRevisionStatus>;
export type ModelRollback = Resource<'ModelRollback', ModelRollbackSpec, ModelRollbackStatus>;
