import { mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostState } from './state.ts';

// The few things that a namespace cannot hide: kernel settings, control groups and empty folders to mount on.

// kubelet sets these for the whole machine (pkg/kubelet/cm, setupKernelTunables).
const TUNED = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
] as const;

export const CGROUP = 'windlass-test';
const CGROUPS = '/sys/fs/cgroup';

/** Folders that programs insist on; each gets a folder of the state mounted on it, inside alone. */
export const MOUNTED: Readonly<Record<string, string>> = {
  '/var/lib/kubelet': 'kubelet',
  '/var/lib/cni': 'cni-results',
  '/var/log/containers': 'container-links',
};

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What has to be put back in the end; nothing is changed yet. */
export async function recordMachine(): Promise<Pick<HostState, 'sysctls' | 'folders' | 'cgroups'>> {
  const sysctls: Record<string, string> = {};
  for (const name of TUNED) {
    const value = await readFile(`/proc/sys/${name}`, 'utf8').catch(() => undefined);
    if (value !== undefined) sysctls[name] = value.trim();
  }
  const folders: string[] = [];
  for (const folder of Object.keys(MOUNTED)) if (!(await exists(folder))) folders.push(folder);
  return { sysctls, folders, cgroups: await cgroupFolders() };
}

/** The cluster's control group in each hierarchy (one with version 2, one for each controller with version 1). */
async function cgroupFolders(): Promise<string[]> {
  if (await exists(join(CGROUPS, 'cgroup.controllers'))) return [join(CGROUPS, CGROUP)];
  const entries = await readdir(CGROUPS, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(CGROUPS, name, CGROUP));
}

export async function prepareMachine(state: HostState): Promise<void> {
  for (const folder of [...state.folders, ...state.cgroups]) await mkdir(folder, { recursive: true });
  if (!(await exists(join(CGROUPS, 'cgroup.controllers')))) return;
  for (const controller of ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids']) {
    // Not every kernel has every controller.
    await writeFile(join(CGROUPS, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
  }
}

export async function restoreMachine(state: HostState): Promise<void> {
  for (const [name, value] of Object.entries(state.sysctls)) {
    const file = `/proc/sys/${name}`;
    const now = await readFile(file, 'utf8').catch(() => value);
    if (now.trim() !== value) await writeFile(file, value);
  }
  for (const cgroup of state.cgroups) await removeCgroup(cgroup);
  // A folder that somebody has put something into by now is theirs.
  for (const folder of state.folders) await rmdir(folder).catch(() => undefined);
}

/** A control group goes with rmdir, children first, once the kernel has let go of the processes that were in it. */
async function removeCgroup(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeCgroup(join(path, entry.name));
  for (let tries = 0; tries < 100; tries += 1) {
    const error = await rmdir(path).then(
      () => undefined,
      (problem: unknown) => problem as NodeJS.ErrnoException,
    );
    if (error === undefined || error.code === 'ENOENT') return;
    await sleep(50);
  }
  throw new Error(`the control group ${path} cannot be removed: processes are left in it`);
}
