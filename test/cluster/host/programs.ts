import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Binaries } from '../build.ts';
import {
  administrator,
  createCredentials,
  tokenOf,
  type Credentials,
  type User,
} from '../control-plane/credentials.ts';
import {
  apiServerFlags,
  auditPolicy,
  controllerManagerFlags,
  etcdFlags,
  schedulerFlags,
} from '../control-plane/flags.ts';
import { writeKubeconfig } from '../kubeconfig.ts';
import { stateFolder } from '../paths.ts';
import { addresses, API_PORT, API_SERVER, NODE } from './addresses.ts';
import { corefile, kubeletFlags, kubeProxyFlags, nodeFiles } from './node.ts';
import type { Program } from './state.ts';

/** The binaries that the host provider runs, or puts into an image (pause). */
export const hostBinaries = [
  'kube-apiserver',
  'etcd',
  'containerd',
  'containerd-shim-runc-v2',
  'ctr',
  'kubelet',
  'kube-proxy',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
  'coredns',
  'pause',
] as const;

export type HostBinaries = Binaries<(typeof hostBinaries)[number]>;

export type ProgramName =
  | 'etcd'
  | 'kube-apiserver'
  | 'containerd'
  | 'kubelet'
  | 'kube-proxy'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'coredns';

export const DNS_USER = 'system:coredns';

const users = {
  administrator,
  'kube-controller-manager': { name: 'system:kube-controller-manager', groups: [] },
  'kube-scheduler': { name: 'system:kube-scheduler', groups: [] },
  'kube-proxy': { name: 'system:kube-proxy', groups: [] },
  kubelet: { name: `system:node:${NODE}`, groups: ['system:nodes'] },
  coredns: { name: DNS_USER, groups: [] },
} as const satisfies Record<string, User>;

export const adminKubeconfig = (): string => stateFolder('kubeconfig');
export const auditLog = (): string => stateFolder('logs', 'audit.log');
const kubeconfigOf = (user: keyof typeof users): string => stateFolder('config', `${user}.kubeconfig`);

/** Writes keys, tokens and a kubeconfig for each user. */
export async function writeAccess(): Promise<Credentials> {
  const hosts = [addresses.node, addresses.kubernetesService];
  const credentials = await createCredentials(stateFolder('pki'), Object.values(users), hosts);
  for (const [key, user] of Object.entries(users)) {
    const path = user === administrator ? adminKubeconfig() : kubeconfigOf(key as keyof typeof users);
    await writeKubeconfig(path, {
      server: API_SERVER,
      ca: credentials.ca,
      token: tokenOf(credentials, user),
    });
  }
  return credentials;
}

/** Writes what the programs read, and says how each is started. */
export async function describePrograms(
  binaries: HostBinaries,
  credentials: Credentials,
): Promise<Record<ProgramName, Program>> {
  const policy = stateFolder('config', 'audit-policy.json');
  const zones = stateFolder('config', 'Corefile');
  await writeFile(policy, JSON.stringify(auditPolicy));
  await writeFile(zones, corefile(kubeconfigOf('coredns')));
  await mkdir(stateFolder('etcd'), { recursive: true, mode: 0o700 });
  const { files } = credentials;
  const path = [
    dirname(binaries.containerd),
    '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ].join(':');
  const program = (file: string, args: readonly string[]): Program => ({ file, args: [...args], path });
  return {
    etcd: program(binaries.etcd, etcdFlags({ data: stateFolder('etcd'), clientPort: 2379, peerPort: 2380 })),
    'kube-apiserver': program(
      binaries['kube-apiserver'],
      apiServerFlags({
        etcdPort: 2379,
        port: API_PORT,
        address: addresses.node,
        serviceRange: addresses.services,
        credentials: files,
        audit: { policy, log: auditLog() },
      }),
    ),
    containerd: program(binaries.containerd, ['--config', nodeFiles.containerd()]),
    kubelet: program(binaries.kubelet, kubeletFlags(kubeconfigOf('kubelet'))),
    'kube-proxy': program(binaries['kube-proxy'], kubeProxyFlags(kubeconfigOf('kube-proxy'))),
    'kube-controller-manager': program(
      binaries['kube-controller-manager'],
      controllerManagerFlags({
        kubeconfig: kubeconfigOf('kube-controller-manager'),
        credentials: files,
        plugins: stateFolder('volume-plugins'),
      }),
    ),
    'kube-scheduler': program(
      binaries['kube-scheduler'],
      schedulerFlags({ kubeconfig: kubeconfigOf('kube-scheduler') }),
    ),
    coredns: program(binaries.coredns, ['-conf', zones]),
  };
}
