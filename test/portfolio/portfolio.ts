import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBundle } from '#test/bed/churn.ts';
import { Store } from '#test/bed/store.ts';
import type { StoreConnection } from '#test/bed/store.ts';
import type { HostAddress } from '#test/cluster/cluster.ts';
import type { Progress } from '#test/cluster/progress.ts';
import { startMlflow, type Mlflow } from '#test/mlflow/index.ts';
import { trainBundle, windlassTrain } from './bundles.ts';
import { putTrainingData, trainingData } from './data.ts';
import { groundwork, modelDeployment, type Places } from './manifests.ts';
import { NAMESPACE, SYSTEMS, type System } from './systems.ts';

export interface PortfolioOptions {
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>;
  /** How pods reach this machine, where MLflow runs. */
  readonly host: HostAddress;
  /** An S3 server as pods and this machine reach it. */
  readonly store: StoreConnection;
  /** For bundles; what is there already is trained anew. */
  readonly folder: string;
  readonly systems?: readonly System[];
  readonly trainingImage?: string;
  readonly progress: Progress;
}

/** What each system's example asks for: a folder of S3, or a model of MLflow. */
const REGISTERED = new Set(['bankchurn', 'creditrisk']);
const READY_WITHIN = '--timeout=6m';
const ROUTED_WITHIN_MS = 30_000;

/** The five models as deploy/examples describes them, with a registry and a store of their own. */
export class Portfolio {
  readonly #options: PortfolioOptions;
  readonly #store: Store;
  /** System -> its bundle's folder. */
  readonly bundles = new Map<string, string>();
  /** System -> the file or folder that it was trained on. */
  readonly data = new Map<string, string>();
  mlflow: Mlflow | undefined;

  constructor(options: PortfolioOptions) {
    this.#options = options;
    this.#store = new Store(options.store, 'models');
  }

  get systems(): readonly System[] {
    return this.#options.systems ?? SYSTEMS;
  }

  /** Trains all models, one after another: each takes what cores there are. */
  async train(version = '1'): Promise<void> {
    const { folder, progress } = this.#options;
    await mkdir(folder, { recursive: true });
    for (const system of this.systems) {
      this.bundles.set(system.name, await trainBundle(system, folder, version, progress));
      this.data.set(system.name, await trainingData(system, folder));
    }
  }

  /** With versions: where an example follows a folder, a retraining overwrites what serves. */
  async makeBucket(): Promise<void> {
    await this.#store.create({ versioned: true });
  }

  /** Starts the registry, and puts each bundle where its manifest looks for it, and its data where its Jobs do. */
  async publish(version = '1'): Promise<void> {
    const { store, host, progress } = this.#options;
    await this.makeBucket();
    this.mlflow = await startMlflow({ s3: store, host: host.listen, hosts: [host.address], progress });
    for (const system of this.systems) await this.#publish(system, version);
  }

  async #publish(system: System, version: string): Promise<void> {
    const { name, model } = system;
    const bundle = this.bundles.get(name);
    const data = this.data.get(name);
    if (bundle === undefined || data === undefined) throw new Error(`${name} has not been trained`);
    await putTrainingData(this.#options.store, system, data);
    if (REGISTERED.has(name)) {
      await windlassTrain(['register', bundle, '--name', model, '--alias', 'champion'], this.keys);
      return;
    }
    const folder = name === 'plant' ? 'current' : version;
    await this.#store.putBundle(`${name}/${folder}/`, await readBundle(bundle));
  }

  /** The Secret that the examples name. */
  get keys(): Readonly<Record<string, string>> {
    const { store, host } = this.#options;
    return {
      AWS_ACCESS_KEY_ID: store.accessKey,
      AWS_SECRET_ACCESS_KEY: store.secretKey,
      AWS_ENDPOINT_URL: store.endpoint,
      AWS_REGION: store.region,
      MLFLOW_TRACKING_URI: `http://${host.address}:${this.mlflow?.port ?? 0}`,
    };
  }

  get places(): Places {
    const { trainingImage } = this.#options;
    return { keys: this.keys, ...(trainingImage === undefined ? {} : { trainingImage }) };
  }

  /** Applies the examples, and waits until all are ready. */
  async serve(): Promise<void> {
    const { kubectl } = this.#options;
    const objects = [
      ...(await groundwork(this.places)),
      ...(await Promise.all(this.systems.map(({ name }) => modelDeployment(name, this.places)))),
    ];
    await kubectl(
      ['apply', '--server-side', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
    );
    const names = this.systems.map(({ name }) => `modeldeployment/${name}`);
    await kubectl(['wait', '--for=condition=Ready', ...names, '-n', NAMESPACE, READY_WITHIN]);
  }

  /** Where a model answers, as this machine reaches it. */
  async address(name: string): Promise<string> {
    const { kubectl } = this.#options;
    const ip = await kubectl(['get', 'service', name, '-n', NAMESPACE, '-o=jsonpath={.spec.clusterIP}']);
    return `http://${ip.trim()}`;
  }

  /** Ready leaves the nodes a few seconds to learn of a Service that is new; one under heavy load takes longer. */
  async answering(name: string): Promise<string> {
    const address = await this.address(name);
    const end = performance.now() + ROUTED_WITHIN_MS;
    for (;;) {
      const response = await fetch(`${address}/health`).catch(() => undefined);
      if (response?.ok === true) return address;
      if (performance.now() > end) throw new Error(`${name} is ready and does not answer at ${address}`);
      await sleep(100);
    }
  }

  async stop(): Promise<void> {
    await this.mlflow?.stop();
    this.#store.close();
  }

  /** Takes the models away, and their namespace. */
  async delete(): Promise<void> {
    await this.#options.kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=true']);
  }
}
