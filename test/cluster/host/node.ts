import { mkdir, writeFile } from 'node:fs/promises';
import { attempt } from '../command.ts';
import { stateFolder } from '../paths.ts';
import { addresses, NODE } from './addresses.ts';
import { CGROUP } from './machine.ts';

// Configuration of what a node runs: containerd with CNI, kubelet, kube-proxy.

export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';
export const PAUSE_IMAGE = 'docker.io/windlass-test/pause:dev';
const MAX_PODS = 250;

export const nodeFiles = {
  containerd: (): string => stateFolder('config', 'containerd.toml'),
  kubelet: (): string => stateFolder('config', 'kubelet.json'),
  resolv: (): string => stateFolder('config', 'resolv.conf'),
  network: (): string => stateFolder('config', 'cni'),
};

/** Overlay on overlay does not mount: inside a container, containerd copies instead. */
async function snapshotter(): Promise<string> {
  const type = (await attempt('stat', ['-f', '-c', '%T', stateFolder()])).stdout.trim();
  return type === 'overlayfs' ? 'native' : 'overlayfs';
}

export async function writeNodeFiles(pluginFolder: string, runc: string): Promise<void> {
  await mkdir(nodeFiles.network(), { recursive: true });
  await writeFile(nodeFiles.containerd(), containerdConfig(pluginFolder, runc, await snapshotter()));
  await writeFile(nodeFiles.kubelet(), JSON.stringify(kubeletConfig, null, 2));
  await writeFile(nodeFiles.resolv(), 'options ndots:5\n');
  await writeFile(`${nodeFiles.network()}/10-windlass.conflist`, JSON.stringify(networkConfig(), null, 2));
}

// restrict_oom_score_adj and disable_apparmor: the capabilities for these may be missing.
function containerdConfig(pluginFolder: string, runc: string, snapshots: string): string {
  return `version = 3
root = "${stateFolder('containerd')}"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]

[grpc]
  address = "${CONTAINERD_SOCKET}"

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "${snapshots}"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "${PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["${pluginFolder}"]
    conf_dir = "${nodeFiles.network()}"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "${runc}"
        SystemdCgroup = false
`;
}

/** Each pod on a link of its own, routed: traffic between pods passes the node's rules without a bridge's help. */
function networkConfig(): object {
  const ipam = {
    type: 'host-local',
    ranges: [[{ subnet: addresses.pods }]],
    routes: [{ dst: '0.0.0.0/0' }],
    dataDir: stateFolder('cni'),
  };
  return { cniVersion: '1.0.0', name: 'windlass', plugins: [{ type: 'ptp', ipMasq: false, ipam }] };
}

const kubeletConfig = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  address: addresses.node,
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  cgroupDriver: 'cgroupfs',
  cgroupRoot: `/${CGROUP}`,
  clusterDNS: [addresses.dnsService],
  clusterDomain: 'cluster.local',
  containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
  eventRecordQPS: 0,
  // Tests must see their own limits act, never the machine's full disk.
  evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  failCgroupV1: false,
  failSwapOn: false,
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  kubeAPIBurst: 200,
  kubeAPIQPS: 100,
  maxPods: MAX_PODS,
  oomScoreAdj: 0,
  podLogsDir: stateFolder('logs', 'pods'),
  readOnlyPort: 0,
  resolvConf: nodeFiles.resolv(),
  serializeImagePulls: false,
  volumePluginDir: stateFolder('volume-plugins'),
} as const;

export function kubeletFlags(kubeconfig: string): string[] {
  return [
    `--config=${nodeFiles.kubelet()}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${NODE}`,
    `--node-ip=${addresses.node}`,
    '--v=1',
  ];
}

export function kubeProxyFlags(kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${NODE}`,
    '--proxy-mode=nftables',
    `--cluster-cidr=${addresses.pods}`,
    '--conntrack-max-per-core=0', // these would change the whole machine
    '--conntrack-tcp-timeout-established=0s',
    '--conntrack-tcp-timeout-close-wait=0s',
  ];
}

/** Names of the cluster; every other name does not exist, and is answered at once. */
export function corefile(kubeconfig: string): string {
  return `cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {
  bind ${addresses.node}
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig ${kubeconfig}
    ttl 5
  }
}
.:53 {
  bind ${addresses.node}
  errors
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`;
}
