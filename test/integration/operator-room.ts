import { setTimeout as sleep } from 'node:timers/promises';
import { API_VERSION } from '#contract/names.ts';
import { parseFlags } from '#operator/flags.ts';
import type { KubeObject } from '#operator/kube/index.ts';
import { modelDeploymentReconcile } from '#operator/model-deployments.ts';
import { runOperator } from '#operator/run.ts';
import { endOf, operatorWrites, total } from '#bench/foundation/audit.ts';
import { Store } from '#test/bed/store.ts';
import { startControlPlane, type ControlPlane } from '#test/cluster/control-plane.ts';
import { startMinio, type Minio } from '#test/cluster/minio.ts';
import { quiet } from './kube-room.ts';

const RUNTIME_IMAGE = 'registry.example/runtime:1';
/** The audit log is written in batches. */
const WRITTEN_AFTER_MS = 2_000;

/** A real API server whose pods are only played, and a real S3 server. */
export class OperatorRoom {
  readonly plane: ControlPlane;
  readonly minio: Minio;
  readonly store: Store;

  private constructor(plane: ControlPlane, minio: Minio) {
    this.plane = plane;
    this.minio = minio;
    this.store = new Store(minio, 'models');
  }

  static async open(kwokNodes: number): Promise<OperatorRoom> {
    const [plane, minio] = await Promise.all([startControlPlane({ kwokNodes, audit: true }), startMinio()]);
    const room = new OperatorRoom(plane, minio);
    await room.store.create();
    await plane.installCrds();
    return room;
  }

  /** A new namespace with the Secret `s3`. */
  async space(namespace: string): Promise<Space> {
    await this.plane.kubectl(['create', 'namespace', namespace]);
    const space = new Space(this, namespace);
    await space.putSecret();
    return space;
  }

  async close(): Promise<void> {
    this.store.close();
    await this.minio.stop();
    await this.plane.stop();
  }
}

/** A namespace of the room, and an operator in this process that looks at it alone. */
export class Space {
  readonly namespace: string;
  readonly #room: OperatorRoom;

  constructor(room: OperatorRoom, namespace: string) {
    this.#room = room;
    this.namespace = namespace;
  }

  startOperator(runtimeImage = RUNTIME_IMAGE): { stop(): Promise<void> } {
    const args = [
      `--kubeconfig=${this.#room.plane.kubeconfig}`,
      `--runtime-image=${runtimeImage}`,
      `--namespaces=${this.namespace}`,
      '--metrics-host=127.0.0.1',
      '--metrics-port=0',
      '--allow-loopback-endpoints',
    ];
    const parsed = parseFlags(args, {});
    if (parsed.kind !== 'run') throw new Error(JSON.stringify(parsed));
    const stopping = new AbortController();
    const ended = runOperator(
      { flags: parsed.flags, log: quiet, createReconcile: modelDeploymentReconcile },
      stopping.signal,
    );
    return {
      stop: async () => {
        stopping.abort();
        await ended;
      },
    };
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.#room.plane.kubectl([...args, '-n', this.namespace]);
  }

  async apply(object: KubeObject & Readonly<Record<string, unknown>>): Promise<void> {
    const metadata = { ...object.metadata, namespace: this.namespace };
    await this.#room.plane.kubectl(
      ['apply', '--server-side', '--force-conflicts', '-f', '-'],
      JSON.stringify({ ...object, metadata }),
    );
  }

  /** What models are read with. */
  async putSecret(): Promise<void> {
    const { accessKey, secretKey, endpoint } = this.#room.minio;
    await this.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's3' },
      stringData: {
        AWS_ACCESS_KEY_ID: accessKey,
        AWS_SECRET_ACCESS_KEY: secretKey,
        AWS_ENDPOINT_URL: endpoint,
      },
    });
  }

  /** The ModelDeployment `churn`, or one of another name. */
  async deploy(uri: string, more: object = {}, name = 'churn'): Promise<void> {
    await this.apply({
      apiVersion: API_VERSION,
      kind: 'ModelDeployment',
      metadata: { name },
      spec: { model: { uri, credentials: { secretName: 's3' } }, ...more },
    });
  }

  async get<T extends KubeObject>(kind: string, name: string): Promise<T> {
    return JSON.parse(await this.kubectl('get', kind, name, '-o', 'json')) as T;
  }

  async list<T extends KubeObject>(kinds: string): Promise<readonly T[]> {
    const found: unknown = JSON.parse(await this.kubectl('get', kinds, '-o', 'json'));
    return (found as { readonly items: readonly T[] }).items;
  }

  /** Where the audit log ends now. */
  now(): Promise<number> {
    return endOf(this.#auditLog());
  }

  /** Writes of the operator since then; events and touched pods do not count. */
  async writesSince(from: number): Promise<number> {
    await sleep(WRITTEN_AFTER_MS);
    return total(await operatorWrites(this.#auditLog(), from));
  }

  #auditLog(): string {
    const { auditLog } = this.#room.plane;
    if (auditLog === undefined) throw new Error('no audit log');
    return auditLog;
  }
}
