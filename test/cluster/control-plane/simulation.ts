// What kwok plays: a node that is ready and keeps its lease, and pods that start, complete and end at once.
// The form is that of kwok's Stage objects; `statusTemplate` is a Go template that gives YAML.

interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

function stage(
  name: string,
  kind: 'Node' | 'Pod',
  matchExpressions: readonly Requirement[],
  next: Readonly<Record<string, unknown>>,
  delay?: Readonly<Record<string, number>>,
): object {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: 'v1', kind },
      selector: { matchExpressions },
      ...(delay === undefined ? {} : { delay }),
      next,
    },
  };
}

const readyCondition = '.status.conditions.[] | select( .type == "Ready" ) | .status';
const deleted = '.metadata.deletionTimestamp';

const nodeConditions = `
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ Now | Quote }}
  lastTransitionTime: {{ Now | Quote }}
{{ end }}`;

const nodeStatus = `${nodeConditions}
addresses:
- {type: InternalIP, address: {{ NodeIP | Quote }}}
- {type: Hostname, address: {{ NodeName | Quote }}}
capacity: {cpu: "1000", memory: 4Ti, ephemeral-storage: 4Ti, pods: "10000"}
allocatable: {cpu: "1000", memory: 4Ti, ephemeral-storage: 4Ti, pods: "10000"}
nodeInfo:
  architecture: amd64
  operatingSystem: linux
  kubeletVersion: kwok
  kubeProxyVersion: kwok
  containerRuntimeVersion: kwok
  kernelVersion: kwok
  osImage: kwok
  bootID: ""
  machineID: ""
  systemUUID: ""
phase: Running`;

const runningPod = `
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: {{ .image | Quote }}
  ready: true
  restartCount: 0
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: {{ .image | Quote }}
  ready: true
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
{{ with NodeIPsWith .spec.nodeName }}
hostIP: {{ index . 0 | Quote }}
{{ end }}
{{ $addresses := PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
{{ with $addresses }}
podIP: {{ index . 0 | Quote }}
podIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}`;

const completedPod = `
{{ $now := Now }}
phase: Succeeded
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: {{ .image | Quote }}
  ready: false
  started: false
  restartCount: 0
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ end }}`;

const stages: readonly object[] = [
  stage('node-initialize', 'Node', [{ key: readyCondition, operator: 'NotIn', values: ['True'] }], {
    statusTemplate: nodeStatus,
  }),
  stage(
    'node-heartbeat-with-lease',
    'Node',
    [{ key: readyCondition, operator: 'In', values: ['True'] }],
    { statusTemplate: nodeConditions },
    { durationMilliseconds: 600_000, jitterDurationMilliseconds: 610_000 },
  ),
  stage(
    'pod-ready',
    'Pod',
    [
      { key: deleted, operator: 'DoesNotExist' },
      { key: '.status.phase', operator: 'In', values: ['Pending'] },
      { key: readyCondition, operator: 'NotIn', values: ['True'] },
    ],
    { statusTemplate: runningPod },
  ),
  stage(
    'pod-complete',
    'Pod',
    [
      { key: deleted, operator: 'DoesNotExist' },
      { key: '.status.phase', operator: 'In', values: ['Running'] },
      { key: '.metadata.ownerReferences.[].kind', operator: 'In', values: ['Job'] },
    ],
    { statusTemplate: completedPod },
  ),
  stage('pod-delete', 'Pod', [{ key: deleted, operator: 'Exists' }], { delete: true }),
];

const ANNOTATION = 'kwok.x-k8s.io/node';

/** kwok's configuration file. */
export const simulationConfig = stages.map((each) => JSON.stringify(each)).join('\n---\n');

export function kwokFlags(kubeconfig: string, config: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--config=${config}`,
    '--manage-all-nodes=false',
    `--manage-nodes-with-annotation-selector=${ANNOTATION}=fake`,
    '--node-lease-duration-seconds=40',
    '--cidr=10.128.0.0/10',
  ];
}

/** A Node object that kwok takes care of. */
export function simulatedNode(index: number): object {
  const name = `simulated-${index}`;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { [ANNOTATION]: 'fake' },
      labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', type: 'kwok' },
    },
  };
}
