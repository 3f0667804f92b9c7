import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.ts';
import { startChild, untilReady, type Child } from './child.ts';
import { run } from './command.ts';
import type { Binary } from './components.ts';
import { administrator, createCredentials, tokenOf, type Credentials } from './control-plane/credentials.ts';
import {
  apiServerFlags,
  auditPolicy,
  controllerManagerFlags,
  etcdFlags,
  schedulerFlags,
} from './control-plane/flags.ts';
import { kwokFlags, simulatedNode, simulationConfig } from './control-plane/simulation.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { repositoryFolder } from './paths.ts';
import { freePorts, retryTakenPort } from './ports.ts';
import { statusOf } from './probe.ts';
import type { Progress } from './progress.ts';
import { removeAtEnd } from './watchdog.ts';

export interface ControlPlaneOptions {
  /** Deployments make pods, the garbage collector runs, namespaces get their service account. */
  readonly controllerManager?: boolean;
  readonly scheduler?: boolean;
  /** Nodes that kwok simulates, with pods that start at once; brings the controller manager and the scheduler along. */
  readonly kwokNodes?: number;
  /** An audit log of the writes (Metadata level). */
  readonly audit?: boolean;
  readonly extraApiServerArgs?: readonly string[];
  /** The API server's port; free ports are chosen by the kernel. */
  readonly port?: number;
  /** Requests a second of the controllers; raised by itself with simulated nodes. */
  readonly qps?: number;
  readonly progress?: Progress;
}

/** A real etcd and kube-apiserver on loopback. They end with the process that started them, however it ends. */
export interface ControlPlane {
  readonly kubeconfig: string;
  readonly server: string;
  /** PEM text. */
  readonly ca: string;
  readonly adminToken: string;
  /** The audit log's path, where one was asked for. */
  readonly auditLog: string | undefined;
  readonly logs: string;
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>;
  /** Windlass's kinds, once the API server answers for them. */
  readonly installCrds: () => Promise<void>;
  /** The server keeps its connections and answers nothing (SIGSTOP), as behind a network that drops packets. */
  readonly pauseApiServer: () => void;
  readonly resumeApiServer: () => void;
  /** The server is gone: connections are refused. */
  readonly stopApiServer: () => Promise<void>;
  /** Starts it again on the same port and data, and waits until it is ready. */
  readonly startApiServer: () => Promise<void>;
  readonly restartApiServer: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

const SERVICE_RANGE = '10.0.0.0/16';
const READY_WITHIN = 60_000;

interface Plane {
  readonly folder: string;
  readonly logs: string;
  readonly binaries: Readonly<Record<Binary, string>>;
  readonly credentials: Credentials;
  readonly children: Map<string, Child>;
  readonly kubeconfig: string;
}

export function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  return retryTakenPort(() => startOnce(options));
}

async function startOnce(options: ControlPlaneOptions): Promise<ControlPlane> {
  const wanted = withDefaults(options);
  const binaries = await build(
    binariesFor(wanted),
    options.progress === undefined ? {} : { progress: options.progress },
  );
  const folder = await mkdtemp(join(tmpdir(), 'windlass-control-plane-'));
  removeAtEnd(folder);
  const logs = join(folder, 'logs');
  await mkdir(logs);
  const credentials = await createCredentials(
    join(folder, 'pki'),
    [administrator],
    ['127.0.0.1', '10.0.0.1'],
  );
  const plane: Plane = {
    folder,
    logs,
    binaries,
    credentials,
    children: new Map(),
    kubeconfig: join(folder, 'kubeconfig'),
  };
  try {
    return await startPrograms(plane, wanted);
  } catch (error) {
    await stopAll(plane);
    throw error;
  }
}

function withDefaults(options: ControlPlaneOptions): ControlPlaneOptions {
  if ((options.kwokNodes ?? 0) === 0) return options;
  return { qps: 1000, ...options, controllerManager: true, scheduler: true };
}

function binariesFor(options: ControlPlaneOptions): readonly Binary[] {
  return [
    'kube-apiserver',
    'etcd',
    'kubectl',
    ...(options.controllerManager === true ? (['kube-controller-manager'] as const) : []),
    ...(options.scheduler === true ? (['kube-scheduler'] as const) : []),
    ...((options.kwokNodes ?? 0) > 0 ? (['kwok'] as const) : []),
  ];
}

async function startPrograms(plane: Plane, options: ControlPlaneOptions): Promise<ControlPlane> {
  const [client = 0, peer = 0, free = 0] = await freePorts(3);
  const port = options.port ?? free;
  const server = `https://127.0.0.1:${port}`;
  const adminToken = tokenOf(plane.credentials, administrator);
  await writeKubeconfig(plane.kubeconfig, { server, ca: plane.credentials.ca, token: adminToken });
  const data = join(plane.folder, 'etcd');
  start(plane, 'etcd', etcdFlags({ data, clientPort: client, peerPort: peer }));
  const auditLog = options.audit === true ? join(plane.logs, 'audit.log') : undefined;
  const flags = await apiServerArguments(plane, options, { etcdPort: client, port, auditLog });
  const startApiServer = async (): Promise<void> => {
    const child = start(plane, 'kube-apiserver', flags);
    await untilReady(child, () => isReady(server, plane.credentials.ca, adminToken), READY_WITHIN);
  };
  await startApiServer();
  await startControllers(plane, options);
  const stopApiServer = async (): Promise<void> => plane.children.get('kube-apiserver')?.stop();
  return {
    kubeconfig: plane.kubeconfig,
    server,
    ca: plane.credentials.ca,
    adminToken,
    auditLog,
    logs: plane.logs,
    kubectl: (args, input) => kubectl(plane, args, input),
    installCrds: () => installCrds(plane),
    pauseApiServer: () => plane.children.get('kube-apiserver')?.signal('SIGSTOP'),
    resumeApiServer: () => plane.children.get('kube-apiserver')?.signal('SIGCONT'),
    stopApiServer,
    startApiServer,
    restartApiServer: async () => {
      await stopApiServer();
      await startApiServer();
    },
    stop: () => stopAll(plane),
  };
}

function start(plane: Plane, binary: Binary, args: readonly string[]): Child {
  const log = join(plane.logs, `${binary}.log`);
  const child = startChild({ name: binary, file: plane.binaries[binary], args, log });
  plane.children.set(binary, child);
  return child;
}

async function apiServerArguments(
  plane: Plane,
  options: ControlPlaneOptions,
  place: { readonly etcdPort: number; readonly port: number; readonly auditLog: string | undefined },
): Promise<readonly string[]> {
  const policy = join(plane.folder, 'audit-policy.json');
  await writeFile(policy, JSON.stringify(auditPolicy));
  return [
    ...apiServerFlags({
      etcdPort: place.etcdPort,
      port: place.port,
      address: '127.0.0.1',
      serviceRange: SERVICE_RANGE,
      credentials: plane.credentials.files,
      ...(place.auditLog === undefined ? {} : { audit: { policy, log: place.auditLog } }),
    }),
    '--endpoint-reconciler-type=none', // an Endpoints object cannot name loopback
    // Nobody makes service accounts without the controller manager, and pods would be refused for the lack of one.
    ...(options.controllerManager === true ? [] : ['--disable-admission-plugins=ServiceAccount']),
    ...(options.extraApiServerArgs ?? []),
  ];
}

async function isReady(server: string, ca: string, token: string): Promise<boolean> {
  if ((await statusOf({ url: `${server}/readyz`, ca, token })) !== 200) return false;
  return (await statusOf({ url: `${server}/api/v1/namespaces/default`, ca, token })) === 200;
}

async function startControllers(plane: Plane, options: ControlPlaneOptions): Promise<void> {
  const settings = {
    kubeconfig: plane.kubeconfig,
    credentials: plane.credentials.files,
    plugins: join(plane.folder, 'volume-plugins'),
    ...(options.qps === undefined ? {} : { qps: options.qps }),
  };
  if (options.controllerManager === true) {
    start(plane, 'kube-controller-manager', controllerManagerFlags(settings));
  }
  if (options.scheduler === true) start(plane, 'kube-scheduler', schedulerFlags(settings));
  const nodes = options.kwokNodes ?? 0;
  if (nodes === 0) return;
  const config = join(plane.folder, 'kwok.yaml');
  await writeFile(config, simulationConfig);
  start(plane, 'kwok', kwokFlags(plane.kubeconfig, config));
  const list = Array.from({ length: nodes }, (_, index) => JSON.stringify(simulatedNode(index))).join(
    '\n---\n',
  );
  await kubectl(plane, ['create', '-f', '-'], list);
  await kubectl(plane, ['wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=60s']);
}

function kubectl(plane: Plane, args: readonly string[], input?: string): Promise<string> {
  return run(plane.binaries.kubectl, [`--kubeconfig=${plane.kubeconfig}`, ...args], {
    timeout: 300_000,
    ...(input === undefined ? {} : { input }),
  });
}

async function installCrds(plane: Plane): Promise<void> {
  await kubectl(plane, ['apply', '-k', repositoryFolder('crds')]);
  await kubectl(plane, ['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
}

async function stopAll(plane: Plane): Promise<void> {
  await Promise.all([...plane.children.values()].map((child) => child.stop()));
  await rm(plane.folder, { recursive: true, force: true });
}
