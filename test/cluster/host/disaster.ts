import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { stateFolder } from '../paths.ts';
import type { ProgramName } from './programs.ts';
import { killProgram } from './sandbox.ts';

/** What starts a program of the cluster and waits until it answers. */
export type Starter = (name: ProgramName) => Promise<void>;

/** In the order in which they end. What keeps a copy of the data believes it until it starts anew. */
const READERS: readonly ProgramName[] = [
  'kubelet',
  'kube-proxy',
  'coredns',
  'kube-scheduler',
  'kube-controller-manager',
  'kube-apiserver',
  'etcd',
];
const backup = (): string => stateFolder('etcd-backup');
const data = (): string => stateFolder('etcd');

/** Keeps etcd's data as it is now. The API server is away for a few seconds. */
export async function backUpEtcd(start: Starter): Promise<void> {
  await killProgram('kube-apiserver');
  await killProgram('etcd');
  await rm(backup(), { recursive: true, force: true });
  await cp(data(), backup(), { recursive: true });
  await start('etcd');
  await start('kube-apiserver');
}

/**
 * The whole control plane goes, and comes back with the data of the backup: what was written since has never been. Its
 * readers are started anew, as Kubernetes asks of whoever restores etcd; what they run goes on meanwhile.
 */
export async function restoreEtcd(start: Starter): Promise<void> {
  for (const name of READERS) await killProgram(name);
  await rm(data(), { recursive: true });
  await cp(backup(), data(), { recursive: true });
  for (const name of READERS.toReversed()) await start(name);
}

/** The node loses its power, and gets it back: kubelet, containerd and every process of every pod are killed. */
export async function loseNode(start: Starter): Promise<void> {
  await killProgram('kubelet');
  await killProgram('containerd');
  await killPods();
  await start('containerd');
  await start('kubelet');
}

async function killPods(): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const pids = await podProcesses();
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid);
    await sleep(50);
  }
  throw new Error('processes of pods are left that cannot be killed');
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}

/** Only this cluster's kubelet makes control groups of that name on this machine. */
async function podProcesses(): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const groups = await Promise.all(
    pids.map(async (pid) => [pid, await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')] as const),
  );
  return groups.filter(([, group]) => /\/kubepods\b/.test(group)).map(([pid]) => pid);
}
