import { mkdir, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterDns, toList } from '../addons.ts';
import { programImage } from '../archive.ts';
import { build } from '../build.ts';
import { logTail } from '../child.ts';
import type { Cluster, Health } from '../cluster.ts';
import { attempt, run, which } from '../command.ts';
import { cacheFolder, stateFolder } from '../paths.ts';
import { statusOf } from '../probe.ts';
import { timed, type Progress } from '../progress.ts';
import { addresses, API_SERVER, LINK } from './addresses.ts';
import { backUpEtcd, loseNode, restoreEtcd, type Starter } from './disaster.ts';
import { MOUNTED, prepareMachine, recordMachine, restoreMachine } from './machine.ts';
import { connect } from './network.ts';
import { CONTAINERD_SOCKET, PAUSE_IMAGE, writeNodeFiles } from './node.ts';
import {
  adminKubeconfig,
  auditLog,
  describePrograms,
  DNS_USER,
  hostBinaries,
  writeAccess,
  type HostBinaries,
  type ProgramName,
} from './programs.ts';
import { checkMachine, checkNetwork, installRequirements, pluginFolder } from './requirements.ts';
import {
  createSandbox,
  destroySandbox,
  findAnchor,
  killProgram,
  runInside,
  runningPrograms,
  startInside,
  type Started,
} from './sandbox.ts';
import { readState, writeState, type HostState } from './state.ts';

const READY_WITHIN = 120_000;

/** Starts the cluster as processes of this machine, on the remains of none. */
export async function upHost(progress: Progress): Promise<Cluster> {
  await checkMachine();
  await checkNetwork();
  await installRequirements(progress);
  const binaries = await build(hostBinaries, { progress });
  await downHost();
  return timed('starting the cluster', progress, () => start(binaries));
}

async function start(binaries: HostBinaries): Promise<Cluster> {
  await mkdir(stateFolder('config'), { recursive: true, mode: 0o700 });
  await mkdir(stateFolder('logs', 'pods'), { recursive: true });
  const initial: HostState = {
    ...(await recordMachine()),
    programs: {},
    kubectl: binaries.kubectl,
    ready: false,
  };
  await writeState(initial);
  await prepareMachine(initial);
  const bound = Object.entries(MOUNTED).map(([path, name]) => [stateFolder(name), path] as const);
  for (const [folder] of bound) await mkdir(folder, { recursive: true });
  const credentials = await writeAccess();
  await writeNodeFiles((await pluginFolder()) ?? '/usr/lib/cni', (await which('runc')) ?? 'runc');
  const programs = await describePrograms(binaries, credentials);
  const state: HostState = { ...initial, programs };
  await writeState(state);
  const anchor = await createSandbox(bound);
  await connect(anchor);
  await Promise.all([startControlPlane(anchor, state), startNode(anchor, state, binaries)]);
  await run(
    binaries.kubectl,
    [`--kubeconfig=${adminKubeconfig()}`, 'wait', '--for=condition=Ready', 'node', '--all', '--timeout=120s'],
    {
      timeout: READY_WITHIN + 10_000,
    },
  );
  const ready: HostState = { ...state, ready: true };
  await writeState(ready);
  return clusterOf(ready);
}

async function startControlPlane(anchor: number, state: HostState): Promise<void> {
  startProgram(anchor, state, 'etcd');
  const server = startProgram(anchor, state, 'kube-apiserver');
  await until('kube-apiserver', server, apiServerReady);
  for (const name of ['kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'coredns'] as const) {
    startProgram(anchor, state, name);
  }
  const objects = clusterDns(DNS_USER, addresses.dnsService, addresses.node);
  await run(state.kubectl, [`--kubeconfig=${adminKubeconfig()}`, 'apply', '--validate=false', '-f', '-'], {
    input: toList(objects),
  });
}

async function startNode(anchor: number, state: HostState, binaries: HostBinaries): Promise<void> {
  const pause = { tag: PAUSE_IMAGE, binary: binaries.pause, user: '65535' };
  const archive = await programImage(pause, cacheFolder('program-images'));
  const containerd = startProgram(anchor, state, 'containerd');
  await until('containerd', containerd, async () => {
    await containerdClient(anchor, state, ['version']);
    return true;
  });
  await importImages(anchor, state, [archive]);
  startProgram(anchor, state, 'kubelet');
}

function startProgram(anchor: number, state: HostState, name: ProgramName): Started {
  const program = state.programs[name];
  if (program === undefined)
    throw new Error(`the cluster's record in ${stateFolder()} does not know ${name}`);
  return startInside(anchor, name, program);
}

async function until(name: string, program: Started, probe: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + READY_WITHIN;
  while (program.running() && performance.now() < end) {
    if (await probe().catch(() => false)) return;
    await sleep(50);
  }
  const log = await logTail(stateFolder('logs', `${name}.log`));
  throw new Error(
    `${name} ${program.running() ? `is not ready after ${READY_WITHIN / 1000} s` : 'ended'}\n${log}`,
  );
}

async function apiServerReady(): Promise<boolean> {
  const ca = await readFile(stateFolder('pki', 'windlass-ca.crt'), 'utf8');
  return (await statusOf({ url: `${API_SERVER}/readyz`, ca })) === 200;
}

function containerdClient(anchor: number, state: HostState, args: readonly string[]): Promise<string> {
  const ctr = state.programs['containerd']?.file.replace(/containerd$/, 'ctr') ?? 'ctr';
  return runInside(anchor, [ctr, '--address', CONTAINERD_SOCKET, '--namespace', 'k8s.io', ...args], 300_000);
}

async function importImages(anchor: number, state: HostState, archives: readonly string[]): Promise<void> {
  for (const archive of archives) await containerdClient(anchor, state, ['images', 'import', archive]);
}

async function requireAnchor(): Promise<number> {
  const anchor = await findAnchor();
  if (anchor === undefined) throw new Error('the cluster is gone: start it again with "make cluster-up"');
  return anchor;
}

function clusterOf(state: HostState): Cluster {
  return {
    provider: 'host',
    kubeconfig: adminKubeconfig(),
    kubectl: (args, input) =>
      run(state.kubectl, [`--kubeconfig=${adminKubeconfig()}`, ...args], {
        timeout: 600_000,
        ...(input === undefined ? {} : { input }),
      }),
    loadImages: async (archives) => importImages(await requireAnchor(), state, archives),
    host: { listen: addresses.host, address: addresses.host },
    reachable: true,
    logs: stateFolder('logs'),
    auditLog: auditLog(),
    apiServer: {
      stop: () => killProgram('kube-apiserver'),
      start: () => starter(state)('kube-apiserver'),
    },
    disasters: {
      backUp: () => backUpEtcd(starter(state)),
      restore: () => restoreEtcd(starter(state)),
      loseNode: () => loseNode(starter(state)),
    },
  };
}

function starter(state: HostState): Starter {
  return async (name) => {
    const anchor = await requireAnchor();
    const program = startProgram(anchor, state, name);
    if (name === 'kube-apiserver') await until(name, program, apiServerReady);
    if (name === 'containerd') {
      await until(name, program, async () => {
        await containerdClient(anchor, state, ['version']);
        return true;
      });
    }
  };
}

/** What runs of the cluster, without changing anything. */
export async function healthOfHost(): Promise<Health> {
  const state = await readState();
  if (state === undefined) return { state: 'absent' };
  if (!state.ready) return { state: 'broken', reason: 'an earlier start was cut off' };
  const running = await runningPrograms();
  const dead = Object.keys(state.programs).filter((name) => !running.has(name));
  if (dead.length > 0) return { state: 'broken', reason: `not running: ${dead.join(', ')}` };
  if (!(await apiServerReady())) return { state: 'broken', reason: 'the API server is not ready' };
  return { state: 'running', cluster: clusterOf(state) };
}

/** Ends the cluster and takes back what it changed; does nothing where there is none. */
export async function downHost(): Promise<void> {
  const state = await readState();
  if (process.platform !== 'linux' || (state === undefined && (await runningPrograms()).size === 0)) return;
  await destroySandbox(LINK);
  if (state !== undefined) await restoreMachine(state);
  await removeStateFolder();
}

/** Layers are immutable files here and there: rm(1) is far quicker than node:fs on so many. */
async function removeStateFolder(): Promise<void> {
  const removed = await attempt('rm', ['-rf', '--one-file-system', stateFolder()], { timeout: 300_000 });
  if (removed.code !== 0) await rm(stateFolder(), { recursive: true, force: true });
}
