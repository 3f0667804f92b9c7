import { LABEL } from '#contract/names.ts';
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
  Reflector,
  SERVICE,
} from '#operator/kube/index.ts';
import type { KubeObject, ReflectorIncident, ResourceType, Store, Transport } from '#operator/kube/index.ts';
import type { Log } from '#operator/logging.ts';
import { BY_MODEL_DEPLOYMENT, modelDeploymentKeys, type Caches } from '#operator/model-deployment/index.ts';
import { saysTheSame, trimDeployment, trimJob, trimMetadata, trimPod, trimStatus } from './trim.ts';

export interface CachesOptions {
  readonly transport: Transport;
  /** All namespaces when absent. */
  readonly namespaces?: readonly string[];
  readonly log: Log;
  /** `namespace/name` of a ModelDeployment to look at again, because it or something of it changed. */
  readonly onChange: (key: string) => void;
  readonly onIncident?: (resource: string, incident: ReflectorIncident) => void;
}

/** Everything that decisions read, kept current by list and watch. */
export interface RunningCaches extends Caches {
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Resolves once every cache holds a complete list. */
  readonly synced: (signal: AbortSignal) => Promise<void>;
  readonly hasSynced: () => boolean;
}

/** A reflector, whatever its kind. */
interface Following {
  readonly store: { readonly hasSynced: boolean };
  run(signal: AbortSignal): Promise<void>;
  synced(signal: AbortSignal): Promise<void>;
}

export function createCaches(options: CachesOptions): RunningCaches {
  const { onChange, ...shared } = options;
  const reflectors: Following[] = [];
  const follow = <T extends KubeObject>(
    type: ResourceType<T>,
    transform: (object: T) => T,
    labelSelector?: string,
  ): Store<T> => {
    const reflector = new Reflector({
      ...shared,
      type,
      transform,
      indexers: { [BY_MODEL_DEPLOYMENT]: modelDeploymentKeys },
      ...(labelSelector === undefined ? {} : { labelSelector }),
    });
    reflector.onChange((change) => {
      const { object } = change;
      if (change.type === 'updated' && saysTheSame(change.previous, object)) return;
      for (const key of modelDeploymentKeys(object)) onChange(key);
    });
    reflectors.push(reflector);
    return reflector.store;
  };
  // Watched only with the operator's label: a cluster has a hundred times more of these than are ours.
  const child = <T extends KubeObject>(type: ResourceType<T>, transform: (object: T) => T): Store<T> =>
    follow(type, transform, LABEL.modelDeployment);
  return {
    modelDeployments: follow(MODEL_DEPLOYMENT, trimMetadata),
    modelRevisions: child(MODEL_REVISION, trimMetadata),
    modelRollbacks: follow(MODEL_ROLLBACK, trimMetadata),
    deployments: child(DEPLOYMENT, trimDeployment),
    services: child(SERVICE, trimStatus),
    configMaps: child(CONFIG_MAP, trimMetadata),
    budgets: child(POD_DISRUPTION_BUDGET, trimStatus),
    autoscalers: child(HORIZONTAL_POD_AUTOSCALER, trimStatus),
    jobs: child(JOB, trimJob),
    cronJobs: child(CRON_JOB, trimStatus),
    pods: child(POD, trimPod),
    run: async (signal) => void (await Promise.all(reflectors.map(async (each) => each.run(signal)))),
    synced: async (signal) => void (await Promise.all(reflectors.map(async (each) => each.synced(signal)))),
    hasSynced: () => reflectors.every((each) => each.store.hasSynced),
  };
}
