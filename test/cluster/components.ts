/** A Go module of test/cluster/components/: which programs come out of it, and how. */
export interface ComponentModule {
  /** binary's name in the cache -> the package that it is built from. */
  readonly binaries: Readonly<Record<string, string>>;
  /** Added to -ldflags; without these, programs report no version. */
  readonly linkerFlags: readonly string[];
  /** What to leave out or in. */
  readonly tags?: readonly string[];
}

const KUBERNETES = '1.36.3';
const [kubernetesMajor = '', kubernetesMinor = ''] = KUBERNETES.split('.');

function kubernetesVersion(folder: string): readonly string[] {
  return [
    `-X ${folder}.gitVersion=v${KUBERNETES}`,
    `-X ${folder}.gitMajor=${kubernetesMajor}`,
    `-X ${folder}.gitMinor=${kubernetesMinor}`,
  ];
}

const kubernetes = (program: string): readonly [string, string] => [
  program,
  `k8s.io/kubernetes/cmd/${program}`,
];
const containerd = (program: string): readonly [string, string] => [
  program,
  `github.com/containerd/containerd/v2/cmd/${program}`,
];

export const modules = {
  kubernetes: {
    binaries: Object.fromEntries(
      ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'].map(
        kubernetes,
      ),
    ),
    linkerFlags: [
      ...kubernetesVersion('k8s.io/component-base/version'),
      ...kubernetesVersion('k8s.io/client-go/pkg/version'),
    ],
  },
  containerd: {
    binaries: Object.fromEntries(['containerd', 'containerd-shim-runc-v2', 'ctr'].map(containerd)),
    linkerFlags: ['-X github.com/containerd/containerd/v2/version.Version=v2.4.2'],
  },
  coredns: { binaries: { coredns: '.' }, linkerFlags: [] },
  etcd: { binaries: { etcd: 'go.etcd.io/etcd/server/v3' }, linkerFlags: [] },
  'metrics-server': {
    binaries: { 'metrics-server': 'sigs.k8s.io/metrics-server/cmd/metrics-server' },
    linkerFlags: [],
  },
  pause: { binaries: { pause: '.' }, linkerFlags: [] },
  minio: { binaries: { minio: 'github.com/minio/minio' }, linkerFlags: [] },
  helm: {
    binaries: { helm: 'helm.sh/helm/v4/cmd/helm' },
    linkerFlags: ['-X helm.sh/helm/v4/internal/version.version=v4.3.1'],
  },
  kind: { binaries: { kind: 'sigs.k8s.io/kind' }, linkerFlags: [] },
  kwok: {
    binaries: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' },
    linkerFlags: ['-X sigs.k8s.io/kwok/pkg/consts.Version=v0.8.0'],
  },
  prometheus: {
    binaries: Object.fromEntries(
      ['prometheus', 'promtool'].map((program) => [
        program,
        `github.com/prometheus/prometheus/cmd/${program}`,
      ]),
    ),
    linkerFlags: ['-X github.com/prometheus/common/version.Version=v0.315.0'],
    // Twenty clouds' libraries, which nobody asks here, are most of the build.
    tags: ['remove_all_sd', 'enable_kubernetes_sd'],
  },
  argocd: {
    binaries: { argocd: 'github.com/argoproj/argo-cd/v3/cmd' },
    linkerFlags: ['-X github.com/argoproj/argo-cd/v3/common.version=3.5.7'],
  },
  kstatus: { binaries: { kstatus: '.' }, linkerFlags: [] },
} as const satisfies Record<string, ComponentModule>;

export type ModuleName = keyof typeof modules;

export type Binary =
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy'
  | 'kubectl'
  | 'containerd'
  | 'containerd-shim-runc-v2'
  | 'ctr'
  | 'coredns'
  | 'etcd'
  | 'metrics-server'
  | 'pause'
  | 'minio'
  | 'helm'
  | 'kind'
  | 'kwok'
  | 'prometheus'
  | 'promtool'
  | 'argocd'
  | 'kstatus';

/** The module that a binary is built from, and its package. */
export function sourceOf(binary: Binary): { readonly module: ModuleName; readonly package: string } {
  for (const [module, { binaries }] of Object.entries(modules) as [ModuleName, ComponentModule][]) {
    const found = binaries[binary];
    if (found !== undefined) return { module, package: found };
  }
  throw new Error(`no component module builds ${binary}`);
}
