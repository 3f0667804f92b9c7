import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LABEL } from '#contract/names.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import { createCaches, type RunningCaches } from '#operator/caches/index.ts';
import { parseFlags } from '#operator/flags.ts';
import type { Kube, KubeObject, Pod, ResourceType, Store } from '#operator/kube/index.ts';
import { createKube, kubeconfigAccess, Transport } from '#operator/kube/index.ts';
import { createLog } from '#operator/logging.ts';
import { createReconciler, type Caches } from '#operator/model-deployment/index.ts';
import { resolvedSource } from '#operator/model-deployment/testing/fixtures.ts';
import { heard, readScene, readyNow, type Scene } from '#operator/model-deployment/testing/index.ts';
import { DriftWatch } from '#operator/drift/index.ts';
import { Monitor } from '#operator/monitor/index.ts';
import { runOperator } from '#operator/run.ts';
import type { Sources, SourceState } from '#operator/source/index.ts';
import { startControlPlane, type ControlPlane } from '#test/cluster/control-plane.ts';
import { FaultProxy } from '#test/support/fault-proxy.ts';
import { FakeKubelet } from './kubelet.ts';
import { Tenant } from './tenant.ts';

const quiet = createLog('error', { write: () => undefined });
const READ_EVERY_MS = 300;

/** A real API server, a fake kubelet, and the operator's own loop, watches and writes, with every write judged. */
export class Room {
  readonly kube: Kube;
  readonly caches: RunningCaches;
  readonly kubelet: FakeKubelet;
  readonly proxy: FaultProxy;
  readonly signal: AbortSignal;
  readonly #plane: ControlPlane;
  readonly #folder: string;
  readonly #transport: Transport;
  readonly #ending: AbortController;
  readonly #tenants = new Map<string, Tenant>();
  #running: Promise<unknown>[] = [];
  #operator: { readonly abort: AbortController; readonly ended: Promise<void> } | undefined;

  private constructor(plane: ControlPlane, proxy: FaultProxy, folder: string, transport: Transport) {
    this.#plane = plane;
    this.proxy = proxy;
    this.#folder = folder;
    this.#transport = transport;
    this.#ending = new AbortController();
    this.signal = this.#ending.signal;
    this.kube = createKube(transport);
    this.caches = createCaches({ transport, log: quiet, onChange: () => undefined });
    const { caches } = this;
    this.kubelet = new FakeKubelet(this.kube, {
      deployments: () => caches.deployments.list(),
      pods: () => caches.pods.list(),
      observePod: (pod) => caches.pods.observe(pod),
      forgetPod: ({ metadata: { namespace = '', name, uid } }) =>
        caches.pods.forget({ namespace, name }, uid),
    });
  }

  static async open(): Promise<Room> {
    const plane = await startControlPlane({});
    await plane.installCrds();
    const proxy = await FaultProxy.start(plane);
    const folder = await mkdtemp(join(tmpdir(), 'windlass-walks-'));
    await proxy.writeKubeconfig(join(folder, 'kubeconfig'));
    const access = await kubeconfigAccess(plane.kubeconfig);
    const room = new Room(plane, proxy, folder, new Transport(access, { userAgent: 'windlass-walks' }));
    const following = room.caches.run(room.signal);
    await room.caches.synced(room.signal);
    room.#running = [following, room.kubelet.run(room.signal), room.#callers()];
    room.startOperator();
    return room;
  }

  async close(): Promise<void> {
    await this.stopOperator();
    this.#ending.abort();
    await Promise.allSettled(this.#running);
    this.#transport.close();
    await this.proxy.stop();
    await this.#plane.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** A namespace for a walk. */
  async tenant(namespace: string): Promise<Tenant> {
    await this.#plane.kubectl(['create', 'namespace', namespace]);
    const tenant = new Tenant(namespace, () => this.#scene(namespace, this.caches));
    this.#tenants.set(namespace, tenant);
    return tenant;
  }

  podsOf(namespace: string): readonly Pod[] {
    return this.caches.pods.list(namespace);
  }

  /** A walk is over: its pods count no more. */
  leave(namespace: string): void {
    this.#tenants.delete(namespace);
  }

  /** Another operator, which knows nothing, in place of the one that runs. */
  async restartOperator(): Promise<void> {
    await this.stopOperator();
    this.startOperator();
  }

  startOperator(): void {
    const args = [
      `--kubeconfig=${join(this.#folder, 'kubeconfig')}`,
      '--runtime-image=registry.example/runtime:1',
      '--metrics-host=127.0.0.1',
      '--metrics-port=0',
    ];
    const parsed = parseFlags(args, {});
    if (parsed.kind !== 'run') throw new Error(JSON.stringify(parsed));
    const abort = new AbortController();
    const ended = runOperator(
      {
        flags: parsed.flags,
        log: quiet,
        createReconcile: async ({ kube, caches: own, events, enqueue }) => {
          const { caches, seen } = remembering(own);
          return createReconciler({
            kube: heard(kube, {
              before: (write) => {
                const { namespace = '' } = write;
                this.#tenants.get(namespace)?.judge(write, this.#sceneOf(namespace, seen));
              },
              after: () => undefined,
            }),
            caches,
            sources: this.#sources(enqueue),
            events,
            settings: { runtimeImage: 'registry.example/runtime:1', cudaRuntimeImage: 'none' },
            podProbe: async (ip) => this.#report(ip).generation ?? 0,
            createMonitor: (onRead) =>
              new Monitor({
                probe: async (ip) => this.#report(ip),
                prometheus: undefined,
                onRead,
                everyMs: READ_EVERY_MS,
              }),
            createDriftWatch: (onNews) =>
              new DriftWatch({ probe: async () => Promise.reject(new Error('nothing is served')), onNews }),
            enqueue,
          });
        },
      },
      abort.signal,
    );
    this.#operator = { abort, ended };
  }

  async stopOperator(): Promise<void> {
    this.#operator?.abort.abort();
    await this.#operator?.ended;
    this.#operator = undefined;
  }

  /** By the spec that the reconcile began with: a person may have changed it since. */
  #sceneOf(namespace: string, { caches, specs }: Seen): Scene | undefined {
    const scene = this.#scene(namespace, caches);
    const modelDeployment = specs.get(namespace);
    if (scene === undefined || modelDeployment === undefined) return scene;
    const pods = caches.pods.list(namespace).filter(readyNow);
    const known = (revision: string): number =>
      pods.filter(({ metadata }) => metadata.labels?.[LABEL.revision] === revision).length;
    const readyPods = (revision: string): number => Math.max(scene.readyPods(revision), known(revision));
    return { ...scene, modelDeployment, readyPods };
  }

  /** What `caches` show; of pods, what they are and were a moment ago. */
  #scene(namespace: string, caches: Caches): Scene | undefined {
    const lists = new Map<string, readonly KubeObject[]>([
      ['ModelDeployment', caches.modelDeployments.list(namespace)],
      ['ModelRevision', caches.modelRevisions.list(namespace)],
      ['ModelRollback', caches.modelRollbacks.list(namespace)],
      ['Deployment', caches.deployments.list(namespace)],
      ['Service', caches.services.list(namespace)],
      ['ConfigMap', caches.configMaps.list(namespace)],
    ]);
    const list = <T extends KubeObject>({ kind }: ResourceType<T>): readonly T[] =>
      (lists.get(kind) ?? []) as readonly T[];
    const scene = readScene(list);
    return scene === undefined
      ? undefined
      : { ...scene, readyPods: (revision) => this.kubelet.readyOrLately(namespace, revision) };
  }

  #report(ip: string) {
    const pod = this.caches.pods.list().find(({ status }) => status?.podIP === ip);
    const tenant = this.#tenants.get(pod?.metadata.namespace ?? '');
    const scene = tenant?.scene;
    if (pod === undefined || scene === undefined || tenant === undefined || !readyNow(pod))
      throw new Error('connect ECONNREFUSED');
    return tenant.traffic.report(pod, scene);
  }

  async #callers(): Promise<void> {
    while (!this.signal.aborted) {
      await new Promise((resolve) => void setTimeout(resolve, READ_EVERY_MS));
      for (const tenant of this.#tenants.values()) tenant.pass(READ_EVERY_MS, this.podsOf(tenant.namespace));
    }
  }

  /** A store that answers soon, unless there is an outage. */
  #sources(enqueue: (key: string) => void): Sources {
    const states = new Map<string, { readonly hash: string; readonly state: SourceState }>();
    return {
      state: (uid, hash) => {
        const known = states.get(uid);
        return known?.hash === hash ? known.state : { state: 'idle' };
      },
      ensure: ({ modelDeploymentUid: uid, specHash: hash, model, namespace, name }) => {
        const known = states.get(uid);
        const tenant = this.#tenants.get(namespace);
        if (tenant === undefined || (known?.hash === hash && known.state.state === 'resolved')) return;
        if (known?.hash === hash && known.state.state === 'failed' && tenant.outage) return;
        const version = `content-${/\/(\d)\/$/.exec(model.uri)?.[1] ?? '0'}`;
        const at = Date.now();
        const failure = { reason: 'NotFound', message: 'no such bucket', transient: true } as const;
        if (!tenant.outage) tenant.found(hash, version);
        const state: SourceState = tenant.outage
          ? { state: 'failed', failure, at }
          : { state: 'resolved', source: resolvedSource(version, inputsOf(version)), at };
        states.set(uid, { hash, state });
        setTimeout(() => enqueue(`${namespace}/${name}`), 20);
      },
      forget: (uid) => states.delete(uid),
      close: () => undefined,
    };
  }
}

/** One of them has a field less, and fits none of the others. */
function inputsOf(version: string): readonly string[] {
  return version === 'content-3' ? ['income'] : ['age', 'income'];
}

/** What an operator has read. */
interface Seen {
  readonly caches: Caches;
  /** Namespace -> the ModelDeployment as its last reconcile read it. */
  readonly specs: Map<string, ModelDeployment>;
}

function remembering(own: Caches): { readonly caches: Caches; readonly seen: Seen } {
  const specs = new Map<string, ModelDeployment>();
  const store = own.modelDeployments;
  const modelDeployments: Store<ModelDeployment> = {
    get hasSynced() {
      return store.hasSynced;
    },
    get: (ref) => {
      const found = store.get(ref);
      if (found !== undefined) specs.set(ref.namespace, found);
      return found;
    },
    list: (namespace) => store.list(namespace),
    byIndex: (index, key) => store.byIndex(index, key),
    observe: (object) => store.observe(object),
    forget: (ref, uid) => store.forget(ref, uid),
  };
  return { caches: { ...own, modelDeployments }, seen: { caches: own, specs } };
}
