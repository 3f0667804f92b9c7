import type { Failure } from '#contract/failure.ts';
import type { DriftReading } from '#operator/drift/index.ts';
import type { ModelDeployment, ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import type {
  ConfigMap,
  CronJob,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  Pod,
  PodDisruptionBudget,
  Service,
} from '#operator/kube/index.ts';
import type { Monitoring } from '#operator/rollout/readings.ts';
import type { SourceState } from '#operator/source/index.ts';

export interface OperatorSettings {
  /** The runtime image of revisions whose spec names none. */
  readonly runtimeImage: string;
  /** For models that run on a GPU. */
  readonly cudaRuntimeImage: string;
}

/** The kinds of children, as `kind` in actions and obstacles. */
export type ChildKind =
  | 'ModelRevision'
  | 'ModelRollback'
  | 'Deployment'
  | 'Service'
  | 'ConfigMap'
  | 'PodDisruptionBudget'
  | 'HorizontalPodAutoscaler'
  | 'Job'
  | 'CronJob';

/** A child that could not be written: its name is taken, or the API server refuses it. */
export interface Obstacle {
  readonly kind: ChildKind;
  readonly name: string;
  readonly reason: 'ForeignObject' | 'Refused' | 'QuotaExceeded';
  readonly message: string;
  /** Not tried again before this time. */
  readonly retryAt: number;
}

/** Everything that a decision needs, read once. Children that merely carry the label are among them: see `isControlledBy`. */
export interface Observed {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly settings: OperatorSettings;
  readonly modelDeployment: ModelDeployment;
  readonly revisions: readonly ModelRevision[];
  /** Every ModelRollback that names this ModelDeployment. */
  readonly rollbacks: readonly ModelRollback[];
  /** Names in unbound rollbacks that are revisions of other ModelDeployments: revision -> ModelDeployment. */
  readonly strangers: ReadonlyMap<string, string>;
  readonly deployments: readonly Deployment[];
  readonly services: readonly Service[];
  readonly configMaps: readonly ConfigMap[];
  readonly budgets: readonly PodDisruptionBudget[];
  readonly autoscalers: readonly HorizontalPodAutoscaler[];
  readonly jobs: readonly Job[];
  readonly cronJobs: readonly CronJob[];
  readonly pods: readonly Pod[];
  readonly source: SourceState;
  /** The traffic generation that a pod reports, by pod UID; pods that were not asked or did not answer are absent. */
  readonly acknowledged: ReadonlyMap<string, number>;
  readonly obstacles: readonly Obstacle[];
  /** What was read of the rollout on its way. */
  readonly monitoring: Monitoring;
  /** What the stable revision's pods said of drift, added up. */
  readonly drift: DriftReading;
  /** When this operator wrote the status last; undefined: not yet. */
  readonly statusWrittenAt: number | undefined;
}

/** A failure, and whether another try could mend it. */
export interface SeenFailure extends Failure {
  readonly final: boolean;
}
