import { setTimeout as sleep } from 'node:timers/promises';
import { ANNOTATION, API_VERSION } from '#contract/names.ts';
import { findCondition } from '#operator/api/conditions.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import {
  CONFIG_MAP,
  DEPLOYMENT,
  isKubeError,
  MODEL_DEPLOYMENT,
  MODEL_REVISION,
  MODEL_ROLLBACK,
  SERVICE,
  type KubeObject,
  type ResourceType,
  type Store,
} from '#operator/kube/index.ts';
import { endOf } from '#operator/model-deployment/testing/index.ts';
import type { Room } from './room.ts';
import { SHORT_SETTINGS, type LiveStep } from './steps.ts';
import type { Tenant } from './tenant.ts';

const NAME = 'churn';
const ENDS_WITHIN_MS = 90_000;

/** Walks in a namespace of its own; the first promise that the operator breaks, or why it comes to no end. */
export async function walkLive(
  room: Room,
  namespace: string,
  steps: readonly LiveStep[],
): Promise<string | undefined> {
  const tenant = await room.tenant(namespace);
  try {
    const walker = new LiveWalk(room, tenant);
    await walker.begin();
    for (const [index, step] of steps.entries()) {
      await walker.take(step);
      if (tenant.problem !== undefined) return `in step ${index}, ${JSON.stringify(step)}: ${tenant.problem}`;
    }
    return (await walker.end()) ?? tenant.problem;
  } finally {
    room.leave(namespace);
  }
}

class LiveWalk {
  readonly #room: Room;
  readonly #tenant: Tenant;
  #rollbacks = 0;

  constructor(room: Room, tenant: Tenant) {
    this.#room = room;
    this.#tenant = tenant;
  }

  get #ref() {
    return { namespace: this.#tenant.namespace, name: NAME };
  }

  get #options() {
    return { signal: this.#room.signal };
  }

  #get(): Promise<ModelDeployment> {
    return this.#room.kube.get(MODEL_DEPLOYMENT, this.#ref, this.#options);
  }

  async begin(): Promise<void> {
    const object = {
      apiVersion: API_VERSION,
      kind: 'ModelDeployment',
      metadata: { ...this.#ref },
      spec: { model: { uri: 's3://models/churn/0/', credentials: { secretName: 's3' } }, replicas: 2 },
    };
    await this.#room.kube.create(MODEL_DEPLOYMENT, object as unknown as ModelDeployment, this.#options);
    await this.#until(({ status }) => status?.stableRevision !== undefined, 30_000);
  }

  async take(step: LiveStep): Promise<void> {
    const room = this.#room;
    const tenant = this.#tenant;
    switch (step.do) {
      case 'wait':
        await sleep(step.ms);
        return;
      case 'deploy':
        return this.#patchSpec({ model: { uri: `s3://models/churn/${step.content}/` } });
      case 'settings':
        tenant.note({ kind: 'settings' });
        await this.#patchSpec({ rollout: null });
        return this.#patchSpec({ rollout: SHORT_SETTINGS[step.which] ?? {} });
      case 'replicas':
        return this.#patchSpec({ replicas: step.replicas });
      case 'promote':
        return this.#annotate(ANNOTATION.promote, await this.#promotion(step.to));
      case 'pause':
        return this.#annotate(ANNOTATION.paused, String(await this.#number()));
      case 'resume':
        return this.#annotate(ANNOTATION.paused, null);
      case 'abort':
        return this.#undo((await this.#get()).status?.stableRevision);
      case 'undo':
        return this.#undo(undefined);
      case 'quality':
        tenant.traffic.quality = step.of;
        return;
      case 'outage':
        tenant.outage = step.on;
        return;
      case 'evict':
      case 'unready': {
        const pods = room.podsOf(tenant.namespace);
        const pod = pods[step.pick % Math.max(1, pods.length)];
        if (pod !== undefined) await forgive(room.kubelet[step.do](pod, room.signal));
        return;
      }
      case 'killed':
        return this.#killCandidate();
      case 'remove':
        return this.#remove(step.kind, step.pick);
      case 'loseStatus':
        tenant.note({ kind: 'tampered' });
        await room.kube.patch(
          MODEL_DEPLOYMENT,
          this.#ref,
          { status: null },
          { ...this.#options, subresource: 'status' },
        );
        return;
      case 'damage': {
        tenant.note({ kind: 'tampered' });
        const ref = { ...this.#ref, name: `${NAME}-traffic` };
        await forgive(room.kube.patch(CONFIG_MAP, ref, { data: { 'traffic.json': '{' } }, this.#options));
        return;
      }
    }
  }

  /** Faults stop, and somebody promotes what waits. */
  async end(): Promise<string | undefined> {
    const tenant = this.#tenant;
    tenant.traffic.quality = 'good';
    tenant.outage = false;
    for (const revision of this.#room.kubelet.broken)
      if (revision.startsWith(`${tenant.namespace}/`)) this.#room.kubelet.broken.delete(revision);
    await this.#annotate(ANNOTATION.paused, null);
    const { spec } = await this.#get();
    if (spec.replicas === 0) await this.#patchSpec({ replicas: 1 });
    const end = performance.now() + ENDS_WITHIN_MS;
    let quietSince: number | undefined;
    while (performance.now() < end && tenant.problem === undefined) {
      await sleep(300);
      const found = await this.#get();
      await this.#promoteWhatWaits(found);
      if (endOf(found) === 'on its way') quietSince = undefined;
      else quietSince ??= performance.now();
      if (quietSince !== undefined && performance.now() - quietSince > 1500)
        return this.#servedWrongly(found);
    }
    const conditions = (await this.#get()).status?.conditions?.map(
      ({ type, status, reason, message }) => `${type}=${status}/${reason}: ${message}`,
    );
    return tenant.problem ?? `it comes to no end: ${conditions?.join('; ')}`;
  }

  async #servedWrongly(found: ModelDeployment): Promise<string | undefined> {
    if (endOf(found) === 'stalled') return undefined;
    const { modelVersion = 'nothing', readyReplicas = 0 } = found.status ?? {};
    if (!this.#tenant.mayServe(found, modelVersion)) return `${modelVersion} serves, and is not wanted`;
    return readyReplicas >= found.spec.replicas
      ? undefined
      : `${readyReplicas} of ${found.spec.replicas} pods are ready`;
  }

  async #promoteWhatWaits({ status }: ModelDeployment): Promise<void> {
    const reason = findCondition(status?.conditions, 'Ready')?.reason;
    if (reason !== 'WaitingForPromotion' && reason !== 'Paused') return;
    // One of before a failure does not count until it is given anew.
    await this.#annotate(ANNOTATION.promote, null);
    await sleep(500);
    await this.#annotate(ANNOTATION.promote, `${await this.#number()}/${status?.rollout?.step ?? 0}`);
  }

  async #until(accept: (found: ModelDeployment) => boolean, withinMs: number): Promise<void> {
    const end = performance.now() + withinMs;
    while (!accept(await this.#get())) {
      if (performance.now() > end)
        throw new Error(`not in ${withinMs} ms: ${JSON.stringify((await this.#get()).status)}`);
      await sleep(100);
    }
  }

  async #patchSpec(spec: object): Promise<void> {
    await this.#room.kube.patch(MODEL_DEPLOYMENT, this.#ref, { spec }, this.#options);
  }

  async #annotate(key: string, value: string | null): Promise<void> {
    const patch = { metadata: { annotations: { [key]: value } } };
    await this.#room.kube.patch(MODEL_DEPLOYMENT, this.#ref, patch, this.#options);
  }

  async #undo(toRevision: string | undefined): Promise<void> {
    this.#rollbacks += 1;
    const object = {
      apiVersion: API_VERSION,
      kind: 'ModelRollback',
      metadata: { namespace: this.#tenant.namespace, name: `by-hand-${this.#rollbacks}` },
      spec: { modelDeployment: NAME, ...(toRevision === undefined ? {} : { toRevision }) },
    } as const;
    await this.#room.kube.create(MODEL_ROLLBACK, object, this.#options);
  }

  /** The number of what is on its way, else of what serves. */
  async #number(): Promise<number> {
    const { status } = await this.#get();
    const name = status?.candidateRevision ?? status?.stableRevision ?? '';
    const revisions = this.#room.caches.modelRevisions;
    return revisions.get({ namespace: this.#tenant.namespace, name })?.status?.revision ?? 1;
  }

  async #promotion(to: 'step' | 'full' | 'wrong'): Promise<string> {
    const number = await this.#number();
    const step = (await this.#get()).status?.rollout?.step ?? 0;
    return { step: `${number}/${step}`, full: `${number}/full`, wrong: `${number + 7}/full` }[to];
  }

  async #killCandidate(): Promise<void> {
    const { status } = await this.#get();
    const name = status?.candidateRevision;
    if (name !== undefined) this.#room.kubelet.broken.add(`${this.#tenant.namespace}/${name}`);
  }

  async #remove(kind: 'Deployment' | 'Service' | 'ConfigMap' | 'ModelRevision', pick: number): Promise<void> {
    const { caches, kube } = this.#room;
    const { namespace } = this.#tenant;
    const removals = {
      Deployment: () => removal(DEPLOYMENT, caches.deployments),
      Service: () => removal(SERVICE, caches.services),
      ConfigMap: () => removal(CONFIG_MAP, caches.configMaps),
      ModelRevision: () => removal(MODEL_REVISION, caches.modelRevisions),
    };
    const removal = async <T extends KubeObject>(type: ResourceType<T>, store: Store<T>): Promise<void> => {
      const all = store.list(namespace);
      const victim = all[pick % Math.max(1, all.length)];
      if (victim !== undefined)
        await kube.delete(
          type,
          { namespace, name: victim.metadata.name },
          { ...this.#options, uid: victim.metadata.uid },
        );
    };
    this.#tenant.note({ kind: 'tampered' });
    await forgive(removals[kind]());
  }
}

/** It is gone already. */
async function forgive(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!isKubeError(error)) throw error;
  });
}
