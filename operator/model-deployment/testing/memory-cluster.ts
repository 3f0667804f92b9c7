import type {
  CallOptions,
  DeleteOptions,
  Kube,
  KubeObject,
  ListScope,
  PatchOptions,
  Ref,
  ResourceType,
  Store,
} from '#operator/kube/index.ts';
import {
  CONFIG_MAP,
  CRON_JOB,
  DEPLOYMENT,
  HORIZONTAL_POD_AUTOSCALER,
  JOB,
  KubeError,
  MODEL_DEPLOYMENT,
  MODEL_REVISION,
  MODEL_ROLLBACK,
  POD,
  POD_DISRUPTION_BUDGET,
  SERVICE,
} from '#operator/kube/index.ts';
import { BY_MODEL_DEPLOYMENT, modelDeploymentKeys, type Caches } from '../caches.ts';

/**
 * Objects in memory with the few rules of the API server that decisions depend on: names are taken, UIDs are
 * preconditions, merge patches merge, a changed spec has another generation. For properties of the plan over many
 * generated states; what Kubernetes itself does is tested against a real API server.
 */
export class MemoryCluster {
  readonly #objects = new Map<string, KubeObject>();
  readonly #clock: () => number;
  #counter = 0;
  /** Every write that changed something, in order. */
  readonly writes: string[] = [];

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  list<T extends KubeObject>({ kind }: Pick<ResourceType<T>, 'kind' | 'object'>): readonly T[] {
    return [...this.#objects.values()].filter((object): object is T => object.kind === kind);
  }

  get(kind: string, name: string): KubeObject | undefined {
    return this.#objects.get(`${kind}/${name}`);
  }

  /** Puts an object there as it stands: what users and Kubernetes do. */
  put<T extends KubeObject>(object: T): T {
    this.#counter += 1;
    const { metadata } = object;
    const kept: T = {
      ...object,
      metadata: {
        namespace: 'models',
        creationTimestamp: new Date(this.#clock()).toISOString(),
        ...metadata,
        uid: metadata.uid ?? `uid-${this.#counter}`,
        generation: metadata.generation ?? 1,
        resourceVersion: String(this.#counter),
      },
    };
    this.#objects.set(`${object.kind}/${metadata.name}`, kept);
    return kept;
  }

  remove(kind: string, name: string): void {
    this.#objects.delete(`${kind}/${name}`);
  }

  /** JSON merge patch; `metadata.uid` is a precondition. */
  merge(kind: string, name: string, patch: object): KubeObject {
    const before = this.get(kind, name);
    if (before === undefined) throw new KubeError('notFound', `${kind} ${name} not found`);
    const uid = readUid(patch);
    if (uid !== undefined && uid !== before.metadata.uid)
      throw new KubeError('conflict', `${kind} ${name}: uid`);
    const merged = mergeJson(before, patch) as KubeObject;
    const changed = JSON.stringify(specOf(before)) !== JSON.stringify(specOf(merged));
    const generation = (before.metadata.generation ?? 1) + (changed ? 1 : 0);
    return this.put({ ...merged, metadata: { ...merged.metadata, generation } });
  }

  get kube(): Kube {
    return {
      get: async (type, ref) => this.#read(type, ref),
      list: async (type, _scope: ListScope) => this.list(type),
      create: async (type, object) => this.#create(type, object),
      apply: async (type, object) => this.#apply(type, object),
      patch: async (type, ref, patch, options) => this.#patch(type, ref, patch, options),
      delete: async (type, ref, options) => this.#delete(type, ref, options),
      podLog: async () => '',
      raw: async () => ({ status: 404, headers: {}, body: Buffer.alloc(0) }),
    };
  }

  get caches(): Caches {
    const store = <T extends KubeObject>(type: ResourceType<T>): Store<T> => ({
      hasSynced: true,
      get: ({ name }) => this.get(type.kind, name) as T | undefined,
      list: () => this.list(type),
      byIndex: (index, key) =>
        index === BY_MODEL_DEPLOYMENT
          ? this.list(type).filter((object) => modelDeploymentKeys(object).includes(key))
          : [],
      observe: () => undefined,
      forget: () => undefined,
    });
    return {
      modelDeployments: store(MODEL_DEPLOYMENT),
      modelRevisions: store(MODEL_REVISION),
      modelRollbacks: store(MODEL_ROLLBACK),
      deployments: store(DEPLOYMENT),
      services: store(SERVICE),
      configMaps: store(CONFIG_MAP),
      budgets: store(POD_DISRUPTION_BUDGET),
      autoscalers: store(HORIZONTAL_POD_AUTOSCALER),
      jobs: store(JOB),
      cronJobs: store(CRON_JOB),
      pods: store(POD),
    };
  }

  #read<T extends KubeObject>(type: ResourceType<T>, { name }: Ref): T {
    const object = this.get(type.kind, name);
    if (object === undefined) throw new KubeError('notFound', `${type.kind} ${name} not found`);
    return object as T;
  }

  #create<T extends KubeObject>(type: ResourceType<T>, object: T): T {
    const { name } = object.metadata;
    if (this.get(type.kind, name) !== undefined)
      throw new KubeError('alreadyExists', `${type.kind} ${name} exists`);
    this.writes.push(`create ${type.kind} ${name}`);
    return this.put(object);
  }

  #apply<T extends KubeObject>(type: ResourceType<T>, object: T): T {
    const { name, uid } = object.metadata;
    const before = this.#read(type, { namespace: '', name });
    if (uid !== before.metadata.uid) throw new KubeError('conflict', `${type.kind} ${name}: uid`);
    this.writes.push(`apply ${type.kind} ${name}`);
    const whole = type.kind === 'Service' || type.kind === 'ConfigMap' ? withoutWholes(before) : before;
    this.#objects.set(`${type.kind}/${name}`, whole);
    const { metadata, ...content } = object;
    const { labels, annotations } = metadata;
    return this.merge(type.kind, name, { ...content, metadata: { labels, annotations } }) as T;
  }

  #patch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: Ref,
    patch: object,
    { subresource }: PatchOptions,
  ): T {
    this.writes.push(`patch ${type.kind} ${ref.name}${subresource === undefined ? '' : ` ${subresource}`}`);
    return this.merge(type.kind, ref.name, patch) as T;
  }

  async #delete<T extends KubeObject>(
    type: ResourceType<T>,
    { name }: Ref,
    { uid }: DeleteOptions & CallOptions,
  ): Promise<void> {
    const known = this.get(type.kind, name);
    if (known === undefined || (uid !== undefined && known.metadata.uid !== uid)) return;
    this.writes.push(`delete ${type.kind} ${name}`);
    this.remove(type.kind, name);
  }
}

/** Atomic maps (a Service's selector) are replaced by an apply, never merged. */
function withoutWholes(object: KubeObject): KubeObject {
  const spec = specOf(object);
  if (typeof spec !== 'object' || spec === null || !('selector' in spec)) return object;
  const { selector: _, ...rest } = spec;
  const replaced = { ...object, spec: rest };
  return replaced;
}

function specOf(object: object): unknown {
  return 'spec' in object ? object.spec : undefined;
}

function readUid(patch: object): unknown {
  const metadata: unknown = 'metadata' in patch ? patch.metadata : undefined;
  return typeof metadata === 'object' && metadata !== null && 'uid' in metadata ? metadata.uid : undefined;
}

/** RFC 7386. */
export function mergeJson(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  const result = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else if (value !== undefined) result.set(key, mergeJson(result.get(key), value));
  }
  return Object.fromEntries(result);
}
