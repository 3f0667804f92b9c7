import { setTimeout as sleep } from 'node:timers/promises';
import { findCondition, type ConditionType } from '#operator/api/conditions.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import type { Kube } from '#operator/kube/index.ts';
import { createKube, kubeconfigAccess, MODEL_DEPLOYMENT, Transport } from '#operator/kube/index.ts';
import type { Bed } from '#test/bed/bed.ts';
import type { SpecInput, TestDeployment } from '#test/bed/model-deployment.ts';
import type { Namespace } from '#test/bed/namespace.ts';
import { faultyEnvironment, type Fault } from '#test/faulty/index.ts';
import type { Ground } from '../foundation/ground.ts';
import { BODY, putVersion } from '../foundation/traffic.ts';
import { startLoad, type RunningLoad } from './load/index.ts';

/** What a change asks for; what is left out is as it was at first. */
export interface Change {
  /** Its model answers version * 3 + 1. */
  readonly version: number;
  readonly fault?: Fault;
  readonly rollout?: NonNullable<SpecInput['rollout']>;
}

const POLL_MS = 200;
/** The kernel gives a pod its share by this, where the node's cores are wanted by all. */
const CPU = '120m';

/** A ModelDeployment that serves, looked at without kubectl, whose every call would cost a tenth of a core. */
export class Served {
  readonly deployment: TestDeployment;
  readonly bed: Bed;
  readonly kube: Kube;
  readonly #replicas: number;

  constructor(deployment: TestDeployment, bed: Bed, kube: Kube, replicas: number) {
    this.deployment = deployment;
    this.bed = bed;
    this.kube = kube;
    this.#replicas = replicas;
  }

  get namespace(): Namespace {
    return this.deployment.namespace;
  }

  async apply({ version, fault, rollout = {} }: Change): Promise<void> {
    await this.deployment.apply({
      model: { uri: await putVersion(this.namespace, version) },
      replicas: this.#replicas,
      rollout,
      serving: {
        resources: { requests: { cpu: CPU, memory: '64Mi' }, limits: { memory: '320Mi' } },
        ...(fault === undefined ? {} : { pod: { env: await faultyEnvironment(fault) } }),
      },
    });
  }

  get(): Promise<ModelDeployment> {
    const ref = { namespace: this.namespace.name, name: this.deployment.name };
    return this.kube.get(MODEL_DEPLOYMENT, ref, { signal: AbortSignal.timeout(10_000) });
  }

  async until(
    what: string,
    accept: (found: ModelDeployment, reasonOf: (type: ConditionType) => string) => boolean,
    timeoutMs = 180_000,
  ): Promise<ModelDeployment> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const found = await this.get();
      const reasonOf = (type: ConditionType): string => {
        const condition = findCondition(found.status?.conditions, type);
        return `${condition?.status}/${condition?.reason}`;
      };
      const current = found.status?.observedGeneration === found.metadata.generation;
      if (current && accept(found, reasonOf)) return found;
      if (performance.now() > end)
        throw new Error(`not ${what} within ${timeoutMs / 1000} s: ${JSON.stringify(found.status)}`);
      await sleep(POLL_MS);
    }
  }

  promoted(version: number): Promise<ModelDeployment> {
    return this.until(
      `promoted to version ${version}`,
      ({ status }, reason) =>
        status?.modelVersion === String(version) &&
        status.rollout === undefined &&
        reason('Ready').startsWith('True'),
    );
  }

  /** A candidate was taken away by Windlass itself. */
  undone(timeoutMs?: number): Promise<ModelDeployment> {
    return this.until('undone', (_, reason) => reason('Ready') === 'False/RolledBack', timeoutMs);
  }

  atStep(step: number): Promise<ModelDeployment> {
    return this.until(`at step ${step}`, ({ status }) => (status?.rollout?.step ?? 0) >= step);
  }

  /** A load through the stable Service, a tenth of it on connections of their own. */
  async load(ratePerSecond: number): Promise<RunningLoad> {
    const { hostname, port } = new URL(await this.deployment.url('/predict'));
    return startLoad({
      host: hostname,
      port: Number(port === '' ? 80 : port),
      path: '/predict',
      body: JSON.stringify(BODY),
      ratePerSecond,
      connections: 32,
      freshEvery: 10,
      timeoutMs: 10_000,
      predictions: Array.from({ length: 20 }, (_, version) => version * BODY.x + BODY.y),
    });
  }
}

/** Version 1 serves with so many pods in a namespace of its own, until the work is done. */
export function whileServed<T>(
  ground: Ground,
  { name, replicas }: { readonly name: string; readonly replicas: number },
  work: (served: Served) => Promise<T>,
): Promise<T> {
  return ground.within(name, async (namespace, bed) => {
    const transport = new Transport(await kubeconfigAccess(bed.connection.kubeconfig), {
      userAgent: 'windlass-figures',
    });
    try {
      const served = new Served(namespace.deployment('served'), bed, createKube(transport), replicas);
      await served.apply({ version: 1 });
      await served.promoted(1);
      await served.deployment.answer(BODY);
      return await work(served);
    } finally {
      transport.close();
    }
  });
}
