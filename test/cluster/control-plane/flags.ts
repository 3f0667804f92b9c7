import type { KeyPair } from '../certificates.ts';

// The flags of the control plane's programs, the same in the host provider and in startControlPlane.

/** What signs and identifies: files that `credentials.ts` writes. */
export interface CredentialFiles {
  readonly authority: KeyPair;
  readonly apiServer: KeyPair;
  readonly frontProxy: KeyPair;
  readonly serviceAccounts: { readonly publicKey: string; readonly privateKey: string };
  readonly tokens: string;
}

export interface EtcdSettings {
  readonly data: string;
  readonly clientPort: number;
  readonly peerPort: number;
}

export function etcdFlags({ data, clientPort, peerPort }: EtcdSettings): readonly string[] {
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    `--data-dir=${data}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync=true', // the data does not outlive the cluster
    '--quota-backend-bytes=4294967296',
    '--auto-compaction-retention=5m',
    '--log-level=warn',
  ];
}

export interface AuditFiles {
  readonly policy: string;
  readonly log: string;
}

export interface ApiServerSettings {
  readonly etcdPort: number;
  readonly port: number;
  readonly address: string;
  readonly serviceRange: string;
  readonly credentials: CredentialFiles;
  readonly audit?: AuditFiles;
}

export function apiServerFlags(settings: ApiServerSettings): readonly string[] {
  const { credentials } = settings;
  return [
    `--etcd-servers=http://127.0.0.1:${settings.etcdPort}`,
    `--bind-address=${settings.address}`,
    `--advertise-address=${settings.address}`,
    `--secure-port=${settings.port}`,
    `--service-cluster-ip-range=${settings.serviceRange}`,
    `--tls-cert-file=${credentials.apiServer.certificate}`,
    `--tls-private-key-file=${credentials.apiServer.key}`,
    `--client-ca-file=${credentials.authority.certificate}`,
    `--token-auth-file=${credentials.tokens}`,
    '--authorization-mode=Node,RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${credentials.serviceAccounts.publicKey}`,
    `--service-account-signing-key-file=${credentials.serviceAccounts.privateKey}`,
    // One authority signs clients and the front proxy: without the name, each client could claim to be anybody.
    `--requestheader-client-ca-file=${credentials.authority.certificate}`,
    '--requestheader-allowed-names=front-proxy',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${credentials.frontProxy.certificate}`,
    `--proxy-client-key-file=${credentials.frontProxy.key}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--allow-privileged=true',
    '--enable-aggregator-routing=true',
    ...(settings.audit === undefined ? [] : auditFlags(settings.audit)),
  ];
}

function auditFlags({ policy, log }: AuditFiles): readonly string[] {
  // Blocking writes: a figure that counts them must not miss one that is still in a buffer.
  return [
    `--audit-policy-file=${policy}`,
    `--audit-log-path=${log}`,
    '--audit-log-mode=blocking',
    '--audit-log-maxsize=4096',
    '--audit-log-maxbackup=2',
  ];
}

/** Metadata of every write that has ended, and of no read. */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    { level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'] },
    { level: 'None' },
  ],
} as const;

export interface ClientSettings {
  readonly kubeconfig: string;
  readonly credentials: CredentialFiles;
  /** A folder for plugins that nobody uses; the default is in /usr. */
  readonly plugins: string;
  /** Requests a second; the defaults are those of Kubernetes. */
  readonly qps?: number;
}

function rate(qps: number | undefined): readonly string[] {
  return qps === undefined ? [] : [`--kube-api-qps=${qps}`, `--kube-api-burst=${qps * 2}`];
}

export function controllerManagerFlags({
  kubeconfig,
  credentials,
  plugins,
  qps,
}: ClientSettings): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${credentials.serviceAccounts.privateKey}`,
    `--root-ca-file=${credentials.authority.certificate}`,
    `--flex-volume-plugin-dir=${plugins}`,
    '--horizontal-pod-autoscaler-sync-period=5s',
    '--horizontal-pod-autoscaler-initial-readiness-delay=5s',
    '--horizontal-pod-autoscaler-cpu-initialization-period=20s',
    ...rate(qps),
    ...(qps === undefined ? [] : busyControllers),
  ];
}

const busyControllers = [
  '--concurrent-deployment-syncs=50',
  '--concurrent-replicaset-syncs=50',
  '--concurrent-endpoint-syncs=50',
  '--concurrent-service-endpoint-syncs=50',
  '--concurrent-gc-syncs=50',
  '--concurrent-horizontal-pod-autoscaler-syncs=20',
];

export function schedulerFlags({
  kubeconfig,
  qps,
}: Pick<ClientSettings, 'kubeconfig' | 'qps'>): readonly string[] {
  return [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0', ...rate(qps)];
}
