import { LABEL } from '#contract/names.ts';
import type { ModelDeployment, ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import type {
  ConfigMap,
  CronJob,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  KubeObject,
  Pod,
  PodDisruptionBudget,
  Service,
  Store,
} from '#operator/kube/index.ts';

/** What the decisions are made from. Every store but `modelDeployments` has the index BY_MODEL_DEPLOYMENT. */
export interface Caches {
  readonly modelDeployments: Store<ModelDeployment>;
  readonly modelRevisions: Store<ModelRevision>;
  readonly modelRollbacks: Store<ModelRollback>;
  readonly deployments: Store<Deployment>;
  readonly services: Store<Service>;
  readonly configMaps: Store<ConfigMap>;
  readonly budgets: Store<PodDisruptionBudget>;
  readonly autoscalers: Store<HorizontalPodAutoscaler>;
  readonly jobs: Store<Job>;
  readonly cronJobs: Store<CronJob>;
  readonly pods: Store<Pod>;
}

export const BY_MODEL_DEPLOYMENT = 'modelDeployment';

/** `namespace/name` of the ModelDeployments that a change of this object may concern: index keys, and keys to reconcile. */
export function modelDeploymentKeys(object: KubeObject): readonly string[] {
  const { namespace = '', name, labels } = object.metadata;
  const labelled = labels?.[LABEL.modelDeployment];
  const names = isRollback(object)
    ? [object.spec.modelDeployment]
    : object.kind === 'ModelDeployment'
      ? [name]
      : [labelled];
  return names.flatMap((owner) => (owner === undefined ? [] : [`${namespace}/${owner}`]));
}

function isRollback(object: KubeObject): object is ModelRollback {
  return object.kind === 'ModelRollback';
}
