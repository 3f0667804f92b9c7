// What a bare control plane lacks and a test needs: metrics for `kubectl top` and the HPA, and DNS on the host provider.

const SYSTEM = 'kube-system';
export const METRICS_IMAGE = 'windlass-test/metrics-server:dev';

const rbac = 'rbac.authorization.k8s.io/v1';

function clusterRole(name: string, rules: readonly object[], labels = {}): object {
  return { apiVersion: rbac, kind: 'ClusterRole', metadata: { name, labels }, rules };
}

function bind(name: string, role: string, subject: object): object {
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
  return { apiVersion: rbac, kind: 'ClusterRoleBinding', metadata: { name }, roleRef, subjects: [subject] };
}

function metricsAccess(): readonly object[] {
  const account = { kind: 'ServiceAccount', name: 'metrics-server', namespace: SYSTEM };
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'metrics-server', namespace: SYSTEM },
    },
    clusterRole(
      'system:aggregated-metrics-reader',
      [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
      { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' },
    ),
    clusterRole('system:metrics-server', [
      { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
    ]),
    bind('system:metrics-server', 'system:metrics-server', account),
    bind('metrics-server:system:auth-delegator', 'system:auth-delegator', account),
    {
      apiVersion: rbac,
      kind: 'RoleBinding',
      metadata: { name: 'metrics-server-auth-reader', namespace: SYSTEM },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'Role',
        name: 'extension-apiserver-authentication-reader',
      },
      subjects: [account],
    },
  ];
}

function metricsContainer(): object {
  return {
    name: 'metrics-server',
    image: METRICS_IMAGE,
    imagePullPolicy: 'Never',
    args: [
      '--cert-dir=/tmp',
      '--secure-port=10250',
      '--kubelet-insecure-tls',
      '--kubelet-preferred-address-types=InternalIP',
      '--kubelet-use-node-status-port',
      '--metric-resolution=10s',
      '--kubelet-request-timeout=5s',
    ],
    ports: [{ name: 'https', containerPort: 10250 }],
    readinessProbe: { httpGet: { path: '/readyz', port: 'https', scheme: 'HTTPS' }, periodSeconds: 2 },
    resources: { requests: { cpu: '10m', memory: '40Mi' } },
    securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, runAsUser: 65532 },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
}

/** metrics-server and its API, as upstream installs it, reading each kubelet every 10 s. */
export function metricsServer(): readonly object[] {
  const labels = { 'k8s-app': 'metrics-server' };
  const metadata = { name: 'metrics-server', namespace: SYSTEM, labels };
  const pod = {
    serviceAccountName: 'metrics-server',
    priorityClassName: 'system-cluster-critical',
    tolerations: [{ operator: 'Exists' }],
    containers: [metricsContainer()],
    volumes: [{ name: 'tmp', emptyDir: {} }],
  };
  return [
    ...metricsAccess(),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ name: 'https', port: 443, targetPort: 'https' }] },
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics.k8s.io' },
      spec: {
        service: { name: 'metrics-server', namespace: SYSTEM },
        group: 'metrics.k8s.io',
        version: 'v1beta1',
        insecureSkipTLSVerify: true,
        groupPriorityMinimum: 100,
        versionPriority: 100,
      },
    },
  ];
}

/** The Service behind which a CoreDNS process outside of pods answers, and what its user may read. */
export function clusterDns(user: string, serviceAddress: string, processAddress: string): readonly object[] {
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ];
  return [
    clusterRole('system:coredns', [
      {
        apiGroups: [''],
        resources: ['endpoints', 'services', 'pods', 'namespaces'],
        verbs: ['list', 'watch'],
      },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ]),
    bind('system:coredns', 'system:coredns', {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'User',
      name: user,
    }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: SYSTEM, labels: { 'k8s-app': 'kube-dns' } },
      spec: { clusterIP: serviceAddress, ports },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'kube-dns-process',
        namespace: SYSTEM,
        labels: { 'kubernetes.io/service-name': 'kube-dns' },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [processAddress], conditions: { ready: true } }],
      ports,
    },
  ];
}

/** Objects as kubectl reads them from its standard input. */
export function toList(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}
