import { LABEL } from '#contract/names.ts';
import { TRAFFIC_FILE, trafficSchema, type Traffic } from '#contract/traffic.ts';
import type { ModelDeployment, ModelRevision, ModelRollback, ObjectMeta } from '#operator/api/objects.ts';
import type {
  ConfigMap,
  Deployment,
  Kube,
  KubeObject,
  Pod,
  ResourceType,
  Service,
} from '#operator/kube/index.ts';
import {
  CONFIG_MAP,
  DEPLOYMENT,
  MODEL_DEPLOYMENT,
  MODEL_REVISION,
  MODEL_ROLLBACK,
  POD,
  SERVICE,
} from '#operator/kube/index.ts';

/** One write of the operator, before it is carried out. */
export interface Write {
  readonly verb: 'create' | 'apply' | 'patch' | 'delete';
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: string | undefined;
  /** The object of a create or an apply, the patch of a patch. */
  readonly content: object;
}

/** What can be seen of one ModelDeployment at a moment, read without any of the operator's own code. */
export interface Scene {
  readonly modelDeployment: ModelDeployment;
  readonly revisions: readonly ModelRevision[];
  readonly rollbacks: readonly ModelRollback[];
  readonly deployments: readonly Deployment[];
  /** The revision that the stable Service selects. */
  readonly selected: string | undefined;
  /** Undefined where there is none, another's, or one that cannot be read. */
  readonly traffic: Traffic | undefined;
  readonly readyPods: (revision: string) => number;
}

type List = <T extends KubeObject>(type: ResourceType<T>) => readonly T[];

/** Reads a scene; undefined where there is no ModelDeployment. `isReady` says which pods count. */
export function readScene(list: List, isReady: (pod: Pod) => boolean = readyNow): Scene | undefined {
  const modelDeployment = list(MODEL_DEPLOYMENT)[0];
  if (modelDeployment === undefined) return undefined;
  const { name } = modelDeployment.metadata;
  const isOurs = ({ ownerReferences = [] }: ObjectMeta): boolean =>
    ownerReferences.some(({ uid }) => uid === modelDeployment.metadata.uid);
  const service: Service | undefined = list(SERVICE).find(
    ({ metadata }) => metadata.name === name && isOurs(metadata),
  );
  const trafficMap = list(CONFIG_MAP).find(
    ({ metadata }) => metadata.name === `${name}-traffic` && isOurs(metadata),
  );
  const pods = list(POD).filter(isReady);
  return {
    modelDeployment,
    revisions: list(MODEL_REVISION),
    rollbacks: list(MODEL_ROLLBACK),
    deployments: list(DEPLOYMENT),
    selected: service?.spec.selector?.[LABEL.revision],
    traffic: trafficOf(trafficMap),
    readyPods: (revision) =>
      pods.filter(({ metadata }) => metadata.labels?.[LABEL.revision] === revision).length,
  };
}

export function readyNow({ metadata, status }: Pod): boolean {
  const ready = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True');
  return ready === true && metadata.deletionTimestamp === undefined;
}

export function trafficOf(configMap: Pick<ConfigMap, 'data'> | undefined): Traffic | undefined {
  try {
    return trafficSchema.safeParse(JSON.parse(configMap?.data?.[TRAFFIC_FILE] ?? '')).data;
  } catch {
    return undefined;
  }
}

/** Hears each write before it is carried out, and may throw in its stead; `after` may throw once it was. */
export interface Ears {
  readonly before: (write: Write) => void | Promise<void>;
  readonly after: (write: Write) => void;
}

/** A client whose writes are heard; what goes through it is what the operator writes. */
export function heard(kube: Kube, { before, after }: Ears): Kube {
  const around = async <T>(write: Write, call: () => Promise<T>): Promise<T> => {
    await before(write);
    const result = await call();
    after(write);
    return result;
  };
  return {
    get: (type, ref, options) => kube.get(type, ref, options),
    list: (type, scope, options) => kube.list(type, scope, options),
    podLog: (ref, options) => kube.podLog(ref, options),
    raw: (method, path, options) => kube.raw(method, path, options),
    create: (type, object, options) =>
      around(writeOf('create', type.kind, object.metadata, object), () => kube.create(type, object, options)),
    apply: (type, object, options) =>
      around(writeOf('apply', type.kind, object.metadata, object), () => kube.apply(type, object, options)),
    patch: (type, ref, patch, options) =>
      around(writeOf('patch', type.kind, ref, patch, options.subresource), () =>
        kube.patch(type, ref, patch, options),
      ),
    delete: (type, ref, options) =>
      around(writeOf('delete', type.kind, ref, {}), () => kube.delete(type, ref, options)),
  };
}

function writeOf(
  verb: Write['verb'],
  kind: string,
  { namespace, name }: { readonly namespace?: string | undefined; readonly name: string },
  content: object,
  subresource?: string,
): Write {
  return { verb, kind, namespace, name, content, subresource };
}
