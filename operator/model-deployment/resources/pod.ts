import { MLFLOW_CREDENTIAL_NAMES } from '#artifact/mlflow/index.ts';
import { graphFile } from '#contract/artifact.ts';
import { canonicalJson } from '#contract/canonical.ts';
import { ANNOTATION, LABEL, PORT } from '#contract/names.ts';
import { ENVIRONMENT, type PullConfig, type S3Connection, type ServeConfig } from '#contract/programs.ts';
import { TRAFFIC_FILE } from '#contract/traffic.ts';
import type { ModelRevisionSpec } from '#operator/api/model-revision.ts';
import { mebibytes } from '#operator/api/quantity.ts';
import type {
  Container,
  EnvVar,
  PodSpec,
  PodTemplateSpec,
  Probe,
  TopologySpreadConstraint,
  Volume,
} from '#operator/kube/index.ts';
import type { Owner } from '../identity.ts';
import { peerUrl, trafficName } from '../traffic-file.ts';
import { gpuLimits } from './gpu.ts';
import { CONTAINER_SECURITY, POD_SECURITY } from './restricted.ts';

/** What a pod template is made of. */
export interface RevisionPod {
  readonly owner: Owner;
  readonly revision: string;
  readonly spec: ModelRevisionSpec;
  /** The S3 Secret of the ModelDeployment: late-bound, so no part of the revision. */
  readonly secretName: string | undefined;
  readonly connection: S3Connection | undefined;
  /** What a pod of the same revision must present to be given files. */
  readonly peerToken: string;
}

const PATH = {
  models: '/models',
  cache: '/cache',
  temporary: '/tmp',
  pod: '/etc/windlass/pod',
  traffic: '/etc/windlass/traffic',
  credentials: '/etc/windlass/credentials',
} as const;

const ARTIFACT_FILE = `${PATH.pod}/artifact.json`;

const MIB = 2 ** 20;

/** Time for the rules of Services to forget a pod before it stops to take connections. */
const PRE_STOP_SECONDS = 5;
/** Longer than preStop and the server's drain together. */
const GRACE_SECONDS = 60;

export function podTemplate(pod: RevisionPod): PodTemplateSpec {
  const { owner, revision, spec } = pod;
  const settings = spec.serving.pod ?? {};
  return {
    metadata: {
      labels: { ...settings.labels, ...podLabels(owner, revision) },
      annotations: { ...settings.annotations, [ANNOTATION.artifact]: canonicalJson(spec.artifact) },
    },
    spec: {
      ...placement(pod),
      ...(settings.serviceAccountName === undefined
        ? {}
        : { serviceAccountName: settings.serviceAccountName }),
      ...(settings.imagePullSecrets === undefined ? {} : { imagePullSecrets: settings.imagePullSecrets }),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      securityContext: { ...POD_SECURITY, fsGroupChangePolicy: 'OnRootMismatch' },
      initContainers: [pullContainer(pod)],
      containers: [serveContainer(pod)],
      volumes: volumes(pod),
    },
  };
}

export function podLabels(owner: Owner, revision: string): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/name': owner.name,
    'app.kubernetes.io/managed-by': 'windlass',
    [LABEL.modelDeployment]: owner.name,
    [LABEL.revision]: revision,
  };
}

function pullContainer(pod: RevisionPod): Container {
  const { spec, owner, revision } = pod;
  const config: PullConfig = {
    formatVersion: 1,
    artifactFile: ARTIFACT_FILE,
    target: PATH.models,
    trialLoad: true,
    peer: peerUrl(owner, revision),
    ...(pod.secretName === undefined ? {} : { credentials: PATH.credentials }),
    ...(pod.connection === undefined ? {} : { connection: pod.connection }),
    ...(spec.serving.cache === undefined ? {} : { cache: PATH.cache }),
  };
  return {
    name: 'pull',
    ...common(pod),
    args: ['pull', '--config', canonicalJson(config)],
    volumeMounts: [
      { name: 'models', mountPath: PATH.models },
      { name: 'temporary', mountPath: PATH.temporary },
      { name: 'pod', mountPath: PATH.pod, readOnly: true },
      ...(pod.secretName === undefined
        ? []
        : [{ name: 'credentials', mountPath: PATH.credentials, readOnly: true }]),
      ...(spec.serving.cache === undefined ? [] : [{ name: 'cache', mountPath: PATH.cache }]),
    ],
  };
}

function serveContainer(pod: RevisionPod): Container {
  const { spec, owner, revision } = pod;
  const config: ServeConfig = {
    formatVersion: 1,
    model: spec.artifact.format === 'onnx' ? `${PATH.models}/${graphFile(spec.artifact)}` : PATH.models,
    // What the folder of a graph without model.json does not say: the registry's name, and its other files.
    ...(spec.artifact.graph === undefined ? {} : { artifactFile: ARTIFACT_FILE }),
    host: '0.0.0.0',
    port: PORT.http,
    peerPort: PORT.peer,
    name: owner.name,
    namespace: owner.namespace,
    revision,
    sha256: spec.artifact.sha256,
    trafficFile: `${PATH.traffic}/${TRAFFIC_FILE}`,
    maxBatchSize: spec.serving.maxBatchSize,
    // Written only where it is not the default: earlier releases of the runtime do not know it.
    ...(spec.serving.executionProvider === 'cuda' ? { executionProvider: 'cuda' } : {}),
    logLevel: spec.serving.logLevel,
  };
  return {
    name: 'serve',
    ...common(pod),
    env: environment(pod).filter(({ name }) => !MLFLOW_CREDENTIAL_NAMES.includes(name)),
    resources: withLimits(resources(spec), gpuLimits(spec.serving)),
    args: ['serve', '--config', canonicalJson(config)],
    ports: [
      { name: 'http', containerPort: PORT.http, protocol: 'TCP' },
      { name: 'peer', containerPort: PORT.peer, protocol: 'TCP' },
    ],
    ...probes(spec),
    lifecycle: { preStop: { sleep: { seconds: PRE_STOP_SECONDS } } },
    volumeMounts: [
      { name: 'models', mountPath: PATH.models, readOnly: true },
      { name: 'temporary', mountPath: PATH.temporary },
      { name: 'pod', mountPath: PATH.pod, readOnly: true },
      { name: 'traffic', mountPath: PATH.traffic, readOnly: true },
    ],
  };
}

function common(pod: RevisionPod) {
  return {
    image: pod.spec.image,
    imagePullPolicy: 'IfNotPresent',
    env: environment(pod),
    resources: resources(pod.spec),
    securityContext: CONTAINER_SECURITY,
    terminationMessagePolicy: 'File',
  } as const;
}

function environment(pod: RevisionPod): readonly EnvVar[] {
  const limit = (name: string, resourceFieldRef: { resource: string; divisor: string }): EnvVar => ({
    name,
    valueFrom: { resourceFieldRef },
  });
  const own: readonly EnvVar[] = [
    limit(ENVIRONMENT.memoryLimit, { resource: 'limits.memory', divisor: '1' }),
    limit(ENVIRONMENT.cpuLimit, { resource: 'limits.cpu', divisor: '1m' }),
    { name: ENVIRONMENT.peerToken, value: pod.peerToken },
    { name: ENVIRONMENT.podName, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
  ];
  const names = new Set(own.map(({ name }) => name));
  return [...(pod.spec.serving.pod?.env ?? []).filter(({ name }) => !names.has(name)), ...own];
}

/** What the user asks for, and a request for what is not named: from the model's estimate and the artifact's size. */
function resources({ serving, model, artifact }: ModelRevisionSpec) {
  const { requests = {}, limits = {} } = serving.resources ?? {};
  const defaults = {
    cpu: '100m',
    memory: mebibytes(model.estimatedMemoryBytes ?? 256 * MIB),
    'ephemeral-storage': mebibytes(modelVolumeBytes(artifact.size)),
  };
  // A limit without a request is a request of that size (Kubernetes' own default).
  const missing = Object.entries(defaults).filter(([name]) => !(name in requests) && !(name in limits));
  return {
    requests: { ...Object.fromEntries(missing), ...requests },
    ...(serving.resources?.limits === undefined ? {} : { limits }),
  };
}

/** Resources with more limits; none more are none written. */
function withLimits(given: ReturnType<typeof resources>, more: ReturnType<typeof gpuLimits>) {
  return Object.keys(more).length === 0 ? given : { ...given, limits: { ...given.limits, ...more } };
}

/** Room for the files, and a little for what is not yet complete. */
function modelVolumeBytes(size: number): number {
  return Math.ceil(size * 1.05) + 64 * MIB;
}

/**
 * The startup probe waits for as long as a rollout does: `rollout.progressDeadline` ends it, not the kubelet. Once a
 * second, because a pod's first prediction waits for it.
 */
function probes({ artifact }: ModelRevisionSpec): {
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
} {
  const get = (path: string) => ({ httpGet: { path, port: 'http' } });
  const slowestLoadSeconds = Math.ceil(artifact.size / (4 * MIB));
  return {
    startupProbe: {
      ...get('/readyz'),
      periodSeconds: 1,
      timeoutSeconds: 2,
      failureThreshold: 600 + slowestLoadSeconds,
    },
    readinessProbe: { ...get('/readyz'), periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 3 },
    livenessProbe: { ...get('/livez'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
  };
}

function volumes(pod: RevisionPod): readonly Volume[] {
  const { spec, owner, secretName } = pod;
  const { cache } = spec.serving;
  return [
    { name: 'models', emptyDir: { sizeLimit: mebibytes(modelVolumeBytes(spec.artifact.size)) } },
    { name: 'temporary', emptyDir: { sizeLimit: '64Mi' } },
    {
      name: 'pod',
      downwardAPI: {
        items: [
          {
            path: 'artifact.json',
            fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${ANNOTATION.artifact}']` },
          },
        ],
      },
    },
    { name: 'traffic', configMap: { name: trafficName(owner), optional: true } },
    ...(secretName === undefined ? [] : [{ name: 'credentials', secret: { secretName, optional: true } }]),
    ...(cache === undefined
      ? []
      : [{ name: 'cache', persistentVolumeClaim: { claimName: cache.claimName } }]),
  ];
}

function placement({ spec, revision }: RevisionPod): Partial<PodSpec> {
  const settings = spec.serving.pod ?? {};
  const { nodeSelector, tolerations, affinity, priorityClassName, runtimeClassName } = settings;
  const spread = settings.topologySpreadConstraints ?? [
    { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
  ];
  return {
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(tolerations === undefined ? {} : { tolerations }),
    ...(affinity === undefined ? {} : { affinity }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    topologySpreadConstraints: spread.map(
      ({ maxSkew, topologyKey, whenUnsatisfiable }): TopologySpreadConstraint => ({
        maxSkew,
        topologyKey,
        whenUnsatisfiable,
        labelSelector: { matchLabels: { [LABEL.revision]: revision } },
      }),
    ),
  };
}
