import type { RetrainingReason } from '#operator/api/retraining-settings.ts';
import type { ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import type { DriftRequest } from '#operator/drift/index.ts';
import type { KubeObject } from '#operator/kube/index.ts';
import type { MonitoringRequest } from '#operator/rollout/readings.ts';
import type { SourceRequest } from '#operator/source/index.ts';
import type { ChildKind } from './observed.ts';
import type { RevisionDeployment } from './resources/deployment.ts';

/**
 * One write. `create` is a POST, and a taken name is an obstacle; `apply` repairs an object that is known to be ours and
 * carries its UID; `patch` is a JSON merge patch on the object with that UID.
 */
export type Action =
  | { readonly verb: 'create'; readonly kind: ChildKind; readonly object: KubeObject }
  /** Built when it is carried out, because the pods' peer token is the UID of a ModelRevision that this plan may make. */
  | { readonly verb: 'createDeployment'; readonly deployment: RevisionDeployment }
  | { readonly verb: 'apply'; readonly kind: ChildKind; readonly object: KubeObject }
  | {
      readonly verb: 'patch';
      readonly kind: ChildKind | 'ModelDeployment';
      readonly name: string;
      /** Absent for an object that this plan makes. */
      readonly uid: string | undefined;
      readonly patch: object;
      readonly subresource?: 'status';
    }
  | {
      readonly verb: 'delete';
      readonly kind: ChildKind;
      readonly name: string;
      readonly uid: string | undefined;
    }
  /** A live read before anything starts: a name that another has taken is an obstacle. */
  | { readonly verb: 'look'; readonly kind: ChildKind; readonly name: string }
  | { readonly verb: 'touchPods'; readonly pods: readonly PodTouch[] };

export interface PodTouch {
  readonly name: string;
  readonly uid: string;
  /** The value of the annotation. */
  readonly value: string;
}

export interface PlannedEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly news?: News;
}

/** What an event means to metrics and to notifications: how a rollout ended, or that an undo began. */
export type News =
  | { readonly is: 'promoted'; readonly revision: string; readonly from: string | undefined }
  | { readonly is: 'rejected'; readonly revision: string }
  /** A revision is taken back, because it failed or because a person asked. */
  | {
      readonly is: 'undone';
      readonly by: 'windlass' | 'person';
      readonly revision: string | undefined;
      readonly to: string;
    }
  /** Another spec came in the middle of its rollout. */
  | { readonly is: 'superseded'; readonly revision: string }
  /** Features of the stable revision moved away from its training data. */
  | { readonly is: 'drifted'; readonly revision: string }
  | {
      readonly is: 'retraining';
      readonly reason: RetrainingReason;
      readonly result: 'started' | 'succeeded' | 'failed';
    };

/** Pods to ask for the traffic generation that they have applied. */
export interface Inquiry {
  readonly generation: number;
  readonly pods: readonly { readonly uid: string; readonly ip: string }[];
}

export interface Plan {
  readonly actions: readonly Action[];
  /** What the status says, whether or not it is written now. */
  readonly status: ModelDeploymentStatus;
  readonly events: readonly PlannedEvent[];
  /** What is wanted of the source; undefined: nothing. */
  readonly source: SourceRequest | undefined;
  readonly inquiry: Inquiry | undefined;
  /** What is wanted of pods and Prometheus while a rollout is watched; undefined: nothing. */
  readonly monitoring: MonitoringRequest | undefined;
  /** Whose bins are to be added up; undefined: nobody's. */
  readonly drift: DriftRequest | undefined;
  readonly requeueAfterMs: number | undefined;
}
