import { LABEL } from '#contract/names.ts';
import type { ModelDeployment, ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import {
  CONFIG_MAP,
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
import type {
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  KubeObject,
  Pod,
  PodDisruptionBudget,
  Ref,
  ReflectorIncident,
  ResourceType,
  Service,
  Store,
  Transport,
} from '#operator/kube/index.ts';
import type { Log } from '#operator/logging.ts';
import { trimAutoscaler, trimDeployment, trimJob, trimMetadata, trimPod } from './trim.ts';

/** Everything that decisions read, kept current by list and watch. Children are those with the operator's label. */
export interface Caches {
  readonly modelDeployments: Store<ModelDeployment>;
  readonly revisions: Store<ModelRevision>;
  readonly rollbacks: Store<ModelRollback>;
  readonly deployments: Store<Deployment>;
  readonly services: Store<Service>;
  readonly configMaps: Store<ConfigMap>;
  readonly budgets: Store<PodDisruptionBudget>;
  readonly autoscalers: Store<HorizontalPodAutoscaler>;
  readonly jobs: Store<Job>;
  readonly pods: Store<Pod>;
}

/** `caches.pods.byIndex(BY_MODEL_DEPLOYMENT, indexKey(ref))`: what belongs to a ModelDeployment by label or by name. */
export const BY_MODEL_DEPLOYMENT = 'modelDeployment';

export function indexKey({ namespace, name }: Ref): string {
  return `${namespace}/${name}`;
}

export interface CachesOptions {
  readonly transport: Transport;
  /** All namespaces when absent. */
  readonly namespaces?: readonly string[];
  readonly log: Log;
  /** A ModelDeployment to look at again, because it or something of it changed. */
  readonly onChange: (modelDeployment: Ref) => void;
  readonly onIncident?: (resource: string, incident: ReflectorIncident) => void;
}

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
  const reflectors: Following[] = [];
  const follow = <T extends KubeObject>(
    type: ResourceType<T>,
    owner: (object: T) => string | undefined,
    transform: (object: T) => T,
    labelSelector?: string,
  ): Store<T> => {
    const keys = (object: T): readonly string[] => {
      const name = owner(object);
      return name === undefined ? [] : [indexKey({ namespace: object.metadata.namespace ?? '', name })];
    };
    const { transport, namespaces, log, onIncident } = options;
    const reflector = new Reflector({
      transport,
      type,
      transform,
      indexers: { [BY_MODEL_DEPLOYMENT]: keys },
      log,
      ...(namespaces === undefined ? {} : { namespaces }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(onIncident === undefined ? {} : { onIncident }),
    });
    reflector.onChange(({ object }) => {
      const name = owner(object);
      if (name !== undefined) options.onChange({ namespace: object.metadata.namespace ?? '', name });
    });
    reflectors.push(reflector);
    return reflector.store;
  };
  const child = <T extends KubeObject>(type: ResourceType<T>, transform: (object: T) => T): Store<T> =>
    follow(
      type,
      (object) => object.metadata.labels?.[LABEL.modelDeployment],
      transform,
      LABEL.modelDeployment,
    );
  return {
    modelDeployments: follow(MODEL_DEPLOYMENT, (object) => object.metadata.name, trimMetadata),
    revisions: child(MODEL_REVISION, trimMetadata),
    rollbacks: follow(MODEL_ROLLBACK, (object) => object.spec.modelDeployment, trimMetadata),
    deployments: child(DEPLOYMENT, trimDeployment),
    services: child(SERVICE, trimMetadata),
    configMaps: child(CONFIG_MAP, trimMetadata),
    budgets: child(POD_DISRUPTION_BUDGET, trimMetadata),
    autoscalers: child(HORIZONTAL_POD_AUTOSCALER, trimAutoscaler),
    jobs: child(JOB, trimJob),
    pods: child(POD, trimPod),
    run: async (signal) => void (await Promise.all(reflectors.map(async (each) => each.run(signal)))),
    synced: async (signal) => void (await Promise.all(reflectors.map(async (each) => each.synced(signal)))),
    hasSynced: () => reflectors.every((each) => each.store.hasSynced),
  };
}
