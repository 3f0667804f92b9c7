import { LABEL } from '#contract/names.ts';
import { isKubeError, POD, type Deployment, type Kube, type Pod } from '#operator/kube/index.ts';
import { readyNow } from '#operator/model-deployment/testing/index.ts';

const LOOK_EVERY_MS = 100;
const STARTS_WITHIN_MS = 250;
/** The operator may have read a moment before what has changed by now. */
const LATELY_MS = 3000;

interface Listing {
  readonly deployments: () => readonly Deployment[];
  readonly pods: () => readonly Pod[];
  readonly observePod: (pod: Pod) => void;
  readonly forgetPod: (pod: Pod) => void;
}

/** What the Deployment controller, the scheduler and kubelets do, on an API server that has none of them. */
export class FakeKubelet {
  readonly #kube: Kube;
  readonly #listing: Listing;
  readonly #busy = new Set<string>();
  readonly #readyUntil = new Map<string, { readonly revision: string; readonly at: number }>();
  /** Revisions (`namespace/name`) whose containers are killed for memory. */
  readonly broken = new Set<string>();
  #count = 0;

  constructor(kube: Kube, listing: Listing) {
    this.#kube = kube;
    this.#listing = listing;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look(signal);
      await new Promise((resolve) => void setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** Ready pods of a revision, with those that were a moment ago. */
  readyOrLately(namespace: string, revision: string): number {
    const name = `${namespace}/${revision}`;
    const now = this.#listing.pods().filter((pod) => readyNow(pod) && revisionOf(pod) === name);
    const uids = new Set(now.map(({ metadata }) => metadata.uid));
    const lately = [...this.#readyUntil].filter(
      ([uid, lost]) => lost.revision === name && performance.now() - lost.at < LATELY_MS && !uids.has(uid),
    );
    return now.length + lately.length;
  }

  /** Takes a pod away; its successor comes by itself. */
  async evict(pod: Pod, signal: AbortSignal): Promise<void> {
    this.#lost(pod);
    const { namespace = '', name, uid } = pod.metadata;
    await this.#kube.delete(POD, { namespace, name }, { uid, signal });
    this.#listing.forgetPod(pod);
  }

  async unready(pod: Pod, signal: AbortSignal): Promise<void> {
    this.#lost(pod);
    await this.#setStatus(pod, false, signal);
  }

  #lost(pod: Pod): void {
    if (readyNow(pod))
      this.#readyUntil.set(pod.metadata.uid ?? '', { revision: revisionOf(pod), at: performance.now() });
  }

  async #look(signal: AbortSignal): Promise<void> {
    const byRevision = Map.groupBy(this.#listing.pods(), revisionOf);
    const work: Promise<void>[] = [];
    const wanted = new Set<string>();
    for (const deployment of this.#listing.deployments()) {
      const { namespace, name } = deployment.metadata;
      const revision = `${namespace}/${name}`;
      wanted.add(revision);
      work.push(this.#once(revision, () => this.#follow(deployment, byRevision.get(revision) ?? [], signal)));
    }
    for (const [revision, pods] of byRevision)
      if (!wanted.has(revision))
        for (const pod of pods) work.push(this.#once(pod.metadata.uid ?? '', () => this.evict(pod, signal)));
    await Promise.all(work);
  }

  async #once(key: string, work: () => Promise<void>): Promise<void> {
    if (this.#busy.has(key)) return;
    this.#busy.add(key);
    try {
      await work();
    } catch (error) {
      // It is gone, or the test ends: the next look sees.
      if (!isKubeError(error) && !(error instanceof Error && error.name === 'AbortError')) throw error;
    } finally {
      this.#busy.delete(key);
    }
  }

  async #follow(deployment: Deployment, pods: readonly Pod[], signal: AbortSignal): Promise<void> {
    const replicas = deployment.spec.replicas ?? 1;
    for (const pod of pods.slice(replicas)) await this.evict(pod, signal);
    for (let count = pods.length; count < replicas; count += 1) await this.#start(deployment, signal);
    const isBroken = this.broken.has(`${deployment.metadata.namespace}/${deployment.metadata.name}`);
    for (const pod of pods.slice(0, replicas)) {
      const age = Date.now() - Date.parse(pod.metadata.creationTimestamp ?? '');
      if (isBroken ? !isKilled(pod) : !readyNow(pod) && age > STARTS_WITHIN_MS) {
        if (isBroken) this.#lost(pod);
        await this.#setStatus(pod, !isBroken, signal);
      }
    }
  }

  async #start({ metadata }: Deployment, signal: AbortSignal): Promise<void> {
    this.#count += 1;
    const { namespace = '', name } = metadata;
    const created = await this.#kube.create(
      POD,
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace, name: `${name}-${this.#count}`, labels: metadata.labels ?? {} },
        spec: { containers: [{ name: 'serve', image: 'registry.example/runtime:1' }] },
      },
      { signal },
    );
    this.#listing.observePod(created);
  }

  async #setStatus(pod: Pod, ready: boolean, signal: AbortSignal): Promise<void> {
    const { namespace = '', name } = pod.metadata;
    const isBroken = this.broken.has(revisionOf(pod));
    const killed = { terminated: { exitCode: 137, reason: 'OOMKilled' } };
    const status = {
      phase: 'Running',
      podIP: ipOf(name),
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: new Date().toISOString() },
      ],
      containerStatuses: [
        {
          name: 'serve',
          image: 'registry.example/runtime:1',
          imageID: '',
          ready,
          restartCount: isBroken ? 3 : 0,
          ...(isBroken ? { lastState: killed } : {}),
        },
      ],
    };
    const patched = await this.#kube.patch(
      POD,
      { namespace, name },
      { status },
      { subresource: 'status', signal },
    );
    this.#listing.observePod(patched);
  }
}

function revisionOf({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.labels?.[LABEL.revision] ?? ''}`;
}

function isKilled({ status }: Pod): boolean {
  return status?.containerStatuses?.some(({ lastState }) => lastState?.terminated !== undefined) === true;
}

/** Another one for each pod: names end in a number of their own. */
function ipOf(name: string): string {
  const number = Number(name.slice(name.lastIndexOf('-') + 1));
  return `10.${Math.floor(number / 65_536) % 256}.${Math.floor(number / 256) % 256}.${number % 256}`;
}
