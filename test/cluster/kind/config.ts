// What `kind create cluster` is asked for: one node, an audit log of the writes, room for many pods.

export const NAME = 'windlass-test';
export const SUBNETS = { pods: '198.18.0.0/16', services: '198.19.0.0/17' } as const;

/** The folder of the node that the state folder is mounted on. */
export const SHARED = '/windlass';

// kubeadm's v1beta4 has flags as lists, and a patch replaces a list as a whole: only the API server's, where kind
// itself sets nothing that matters.
const apiServerPatch = {
  kind: 'ClusterConfiguration',
  apiServer: {
    extraArgs: [
      { name: 'audit-policy-file', value: `${SHARED}/audit-policy.json` },
      { name: 'audit-log-path', value: `${SHARED}/logs/audit.log` },
      { name: 'audit-log-mode', value: 'blocking' },
      { name: 'audit-log-maxsize', value: '4096' },
    ],
    extraVolumes: [{ name: 'windlass', hostPath: SHARED, mountPath: SHARED, pathType: 'DirectoryOrCreate' }],
  },
};

const kubeletPatch = { kind: 'KubeletConfiguration', maxPods: 250, serializeImagePulls: false };

/** kind's configuration; `folder` of this machine is shared with the node. */
export function kindConfig(folder: string): object {
  return {
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    networking: { podSubnet: SUBNETS.pods, serviceSubnet: SUBNETS.services },
    nodes: [{ role: 'control-plane', extraMounts: [{ hostPath: folder, containerPath: SHARED }] }],
    kubeadmConfigPatches: [apiServerPatch, kubeletPatch].map((patch) => JSON.stringify(patch)),
  };
}
