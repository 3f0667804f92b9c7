import {
  CONFIG_MAP,
  CRON_JOB,
  DEPLOYMENT,
  HORIZONTAL_POD_AUTOSCALER,
  JOB,
  MODEL_DEPLOYMENT,
  MODEL_REVISION,
  MODEL_ROLLBACK,
  POD,
  POD_DISRUPTION_BUDGET,
  SERVICE,
  type KubeObject,
  type ResourceType,
  type Store,
} from '#operator/kube/index.ts';
import type { Caches } from './caches.ts';
import type { ChildKind } from './observed.ts';

export type WrittenKind = ChildKind | 'ModelDeployment' | 'Pod';

/** A kind as the executor needs it: its type and its store, whose objects are taken as the API server gives them. */
export interface Writable {
  readonly type: ResourceType<KubeObject>;
  readonly store: Pick<Store<KubeObject>, 'get' | 'observe' | 'forget'>;
}

export function kindOf(kind: WrittenKind, caches: Caches): Writable {
  switch (kind) {
    case 'ModelDeployment':
      return writable(MODEL_DEPLOYMENT, caches.modelDeployments);
    case 'ModelRevision':
      return writable(MODEL_REVISION, caches.modelRevisions);
    case 'ModelRollback':
      return writable(MODEL_ROLLBACK, caches.modelRollbacks);
    case 'Deployment':
      return writable(DEPLOYMENT, caches.deployments);
    case 'Service':
      return writable(SERVICE, caches.services);
    case 'ConfigMap':
      return writable(CONFIG_MAP, caches.configMaps);
    case 'PodDisruptionBudget':
      return writable(POD_DISRUPTION_BUDGET, caches.budgets);
    case 'HorizontalPodAutoscaler':
      return writable(HORIZONTAL_POD_AUTOSCALER, caches.autoscalers);
    case 'Job':
      return writable(JOB, caches.jobs);
    case 'CronJob':
      return writable(CRON_JOB, caches.cronJobs);
    case 'Pod':
      return writable(POD, caches.pods);
  }
}

/** The one place where a kind's own type is put aside: what goes in under a kind comes back under it. */
function writable<T extends KubeObject>(type: ResourceType<T>, store: Store<T>): Writable {
  const asOwn = (object: KubeObject): T => object as T;
  return {
    type: { apiVersion: type.apiVersion, kind: type.kind, plural: type.plural },
    store: {
      get: (ref) => store.get(ref),
      observe: (object) => store.observe(asOwn(object)),
      forget: (ref, uid) => store.forget(ref, uid),
    },
  };
}
