import { setTimeout as sleep } from 'node:timers/promises';
import type { Store, StoreConnection } from './store.ts';
import { TestDeployment } from './model-deployment.ts';

export type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

/** A namespace of one test, with the Secret `models` for the test bed's store. */
export class Namespace {
  readonly name: string;
  readonly store: Store;
  readonly #kubectl: Kubectl;

  constructor(name: string, store: Store, kubectl: Kubectl) {
    this.name = name;
    this.store = store;
    this.#kubectl = kubectl;
  }

  async create(): Promise<void> {
    await this.apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: this.name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
    await this.credentials('models', this.store.connection);
  }

  credentials(
    name: string,
    connection: StoreConnection,
    extra: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    return this.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: this.name },
      stringData: {
        AWS_ACCESS_KEY_ID: connection.accessKey,
        AWS_SECRET_ACCESS_KEY: connection.secretKey,
        AWS_ENDPOINT_URL: connection.endpoint,
        AWS_REGION: connection.region,
        ...extra,
      },
    });
  }

  deployment(name: string): TestDeployment {
    return new TestDeployment(this, name);
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.#kubectl(['--namespace', this.name, ...args]);
  }

  async apply(object: unknown): Promise<void> {
    await this.#kubectl(['apply', '-f', '-'], JSON.stringify(object));
  }

  async get<T>(kind: string, name: string): Promise<T> {
    return JSON.parse(await this.kubectl('get', kind, name, '-o', 'json')) as T;
  }

  async list<T>(kind: string, selector?: string): Promise<readonly T[]> {
    const filter = selector === undefined ? [] : ['-l', selector];
    return (JSON.parse(await this.kubectl('get', kind, ...filter, '-o', 'json')) as { items: T[] }).items;
  }

  async serviceAddress(name: string): Promise<string> {
    const end = performance.now() + 30_000;
    for (;;) {
      const address = await this.kubectl(
        'get',
        'service',
        name,
        '--ignore-not-found',
        '-o',
        'jsonpath={.spec.clusterIP}',
      );
      if (address !== '') return address;
      if (performance.now() > end) throw new Error(`no Service ${name} in ${this.name} within 30 s`);
      await sleep(100);
    }
  }

  /** What explains a failure: objects, events and the logs of every container. */
  async describe(): Promise<string> {
    const read = async (...args: readonly string[]): Promise<string> =>
      `$ kubectl ${args.join(' ')}\n${await this.kubectl(...args).catch((error: unknown) => String(error))}`;
    const parts = [
      await read(
        'get',
        'modeldeployments,modelrevisions,modelrollbacks,deployments,services,pods,jobs',
        '-o',
        'wide',
      ),
      await read(
        'get',
        'modeldeployments',
        '-o',
        'jsonpath={range .items[*]}{.metadata.name} {.status}{"\\n"}{end}',
      ),
      await read('get', 'events', '--sort-by=.metadata.creationTimestamp'),
    ];
    const pods = (await this.kubectl('get', 'pods', '-o', 'name').catch(() => ''))
      .split('\n')
      .filter((pod) => pod !== '');
    for (const pod of pods.slice(0, 10)) {
      parts.push(await read('logs', pod, '--all-containers', '--prefix', '--tail=40'));
    }
    return parts.join('\n\n');
  }

  async delete(): Promise<void> {
    await this.#kubectl(['delete', 'namespace', this.name, '--wait=false', '--ignore-not-found']);
  }
}
