import { expect, test } from 'vitest';
import { ANNOTATION, LABEL } from '#contract/names.ts';
import { pullConfigSchema, resolveConfigSchema, serveConfigSchema } from '#contract/programs.ts';
import { artifactSchema } from '#contract/artifact.ts';
import type { ModelRevisionSpec } from '#operator/api/model-revision.ts';
import type { Container } from '#operator/kube/index.ts';
import { resolvedSource, spec } from '../testing/fixtures.ts';
import { autoscaler } from './autoscaler.ts';
import { deployment, type RevisionDeployment } from './deployment.ts';
import { disruptionBudget } from './disruption-budget.ts';
import { mebibytes, parseQuantity } from '#operator/api/quantity.ts';
import { resolveJob, resolveJobName } from './resolve-job.ts';
import { revisionService, stableService } from './service.ts';

const owner = { name: 'churn', namespace: 'models', uid: 'md-1' };

function input(
  serving: Partial<ModelRevisionSpec['serving']> = {},
  more: Partial<RevisionDeployment> = {},
): RevisionDeployment {
  const { artifact, model } = resolvedSource('1');
  return {
    owner,
    revision: 'churn-0123456789',
    number: 3,
    spec: {
      hashVersion: 1,
      modelDeployment: 'churn',
      artifact,
      model,
      serving: { maxBatchSize: 64, logLevel: 'info', ...serving },
      image: 'runtime:1',
    },
    replicas: 2,
    secretName: 's3',
    connection: undefined,
    ...more,
  };
}

const podOf = (from: RevisionDeployment) => deployment(from, 'token').spec.template;
function containers(from: RevisionDeployment): { readonly pull: Container; readonly serve: Container } {
  const { initContainers = [], containers: main } = podOf(from).spec;
  const [pull] = initContainers;
  const [serve] = main;
  if (pull === undefined || serve === undefined) throw new Error('a container is missing');
  return { pull, serve };
}
const config = (container: Container): unknown => JSON.parse(container.args?.[2] ?? '');

test('a Deployment belongs to its ModelDeployment, selects its revision alone, and never shrinks while it rolls', () => {
  const made = deployment(input(), 'token');
  expect(made.metadata).toMatchObject({
    name: 'churn-0123456789',
    labels: { [LABEL.modelDeployment]: 'churn', [LABEL.revision]: 'churn-0123456789' },
    annotations: { [ANNOTATION.revisionNumber]: '3' },
    ownerReferences: [{ kind: 'ModelDeployment', uid: 'md-1', controller: true, blockOwnerDeletion: true }],
  });
  expect(made.spec.selector.matchLabels).toEqual({
    [LABEL.modelDeployment]: 'churn',
    [LABEL.revision]: 'churn-0123456789',
  });
  expect(made.spec.strategy).toEqual({
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
  });
});

test('every container is as restricted as the Pod Security Standard asks, and has no token', () => {
  const { spec: pod } = podOf(input());
  expect(pod.automountServiceAccountToken).toBe(false);
  expect(pod.securityContext).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 65532,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
});

test('the programs are told what they understand', () => {
  const { pull, serve } = containers(input({ cache: { claimName: 'cache' } }));
  expect(pullConfigSchema.parse(config(pull))).toMatchObject({
    artifactFile: '/etc/windlass/pod/artifact.json',
    target: '/models',
    credentials: '/etc/windlass/credentials',
    cache: '/cache',
    peer: 'http://churn-0123456789.models.svc:8081',
  });
  expect(serveConfigSchema.parse(config(serve))).toMatchObject({
    model: '/models',
    port: 8080,
    peerPort: 8081,
    trafficFile: '/etc/windlass/traffic/traffic.json',
    revision: 'churn-0123456789',
  });
  const annotation: unknown = JSON.parse(podOf(input()).metadata?.annotations?.[ANNOTATION.artifact] ?? '');
  expect(artifactSchema.parse(annotation)).toEqual(input().spec.artifact);
});

test('a bare model is served by its file’s name', () => {
  const { artifact } = input().spec;
  const [file] = artifact.files;
  if (file === undefined) throw new Error('no file');
  const bare = { ...artifact, format: 'onnx' as const, files: [{ ...file, path: 'fraud.onnx' }] };
  const { serve } = containers(input({}, { spec: { ...input().spec, artifact: bare } }));
  expect(config(serve)).toMatchObject({ model: '/models/fraud.onnx' });
});

test('only the init container is given the Secret, and the server reads the model alone', () => {
  const { pull, serve } = containers(input());
  expect(pull.volumeMounts?.map(({ name }) => name)).toContain('credentials');
  expect(serve.volumeMounts?.map(({ name }) => name)).not.toContain('credentials');
  expect(serve.volumeMounts?.find(({ name }) => name === 'models')?.readOnly).toBe(true);
  const without = podOf(input({}, { secretName: undefined })).spec;
  expect(without.volumes?.map(({ name }) => name)).not.toContain('credentials');
});

test('what is not asked for is requested from what the model takes; what is asked for stands', () => {
  expect(containers(input()).serve.resources).toEqual({
    requests: { cpu: '100m', memory: '128Mi', 'ephemeral-storage': '65Mi' },
  });
  const asked = containers(
    input({ resources: { limits: { memory: '1Gi', 'nvidia.com/gpu': 1 }, requests: { cpu: '2' } } }),
  ).serve.resources;
  expect(asked).toEqual({
    limits: { memory: '1Gi', 'nvidia.com/gpu': 1 },
    requests: { cpu: '2', 'ephemeral-storage': '65Mi' },
  });
});

test('a pod is probed every second until it serves, and ends only after it drained', () => {
  const { serve } = containers(input());
  expect(serve.startupProbe).toMatchObject({ httpGet: { path: '/readyz' }, periodSeconds: 1 });
  expect(serve.readinessProbe).toMatchObject({ httpGet: { path: '/readyz' }, periodSeconds: 1 });
  expect(serve.livenessProbe?.httpGet?.path).toBe('/livez');
  const preStop = serve.lifecycle?.preStop?.sleep?.seconds ?? 0;
  expect(preStop).toBeGreaterThan(0);
  expect(podOf(input()).spec.terminationGracePeriodSeconds).toBeGreaterThan(preStop + 30);
});

test('pods are spread over nodes unless the user says how, or says not at all', () => {
  const byDefault = podOf(input()).spec.topologySpreadConstraints;
  expect(byDefault).toEqual([
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { [LABEL.revision]: 'churn-0123456789' } },
    },
  ]);
  expect(podOf(input({ pod: { topologySpreadConstraints: [] } })).spec.topologySpreadConstraints).toEqual([]);
});

test('a user’s labels, annotations and environment never replace our own', () => {
  const from = input({
    pod: {
      labels: { team: 'risk', [LABEL.revision]: 'mine' },
      annotations: { note: 'x', [ANNOTATION.artifact]: '{}' },
      env: [
        { name: 'WINDLASS_PEER_TOKEN', value: 'mine' },
        { name: 'AWS_REGION', value: 'eu-central-1' },
      ],
    },
  });
  expect(podOf(from).metadata?.labels).toMatchObject({ team: 'risk', [LABEL.revision]: 'churn-0123456789' });
  expect(podOf(from).metadata?.annotations?.[ANNOTATION.artifact]).not.toBe('{}');
  const env = containers(from).serve.env ?? [];
  expect(env.filter(({ name }) => name === 'WINDLASS_PEER_TOKEN')).toEqual([
    { name: 'WINDLASS_PEER_TOKEN', value: 'token' },
  ]);
  expect(env).toContainEqual({ name: 'AWS_REGION', value: 'eu-central-1' });
});

test('Services: one that switches, one for each revision, both for ready pods alone', () => {
  expect(stableService(owner, 'churn-0123456789')).toMatchObject({
    metadata: { name: 'churn' },
    spec: {
      selector: { [LABEL.modelDeployment]: 'churn', [LABEL.revision]: 'churn-0123456789' },
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    },
  });
  const own = revisionService(owner, 'churn-0123456789');
  expect(own.spec.ports?.map(({ port }) => port)).toEqual([8080, 8081]);
  expect(own.spec.clusterIP).toBe('None');
  expect(own.spec.publishNotReadyAddresses).toBeUndefined();
});

test('a budget lets one pod go at a time, and an unhealthy one always', () => {
  expect(disruptionBudget(owner, 'churn-0123456789').spec).toMatchObject({
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  });
});

test('an autoscaler scales the ModelDeployment on what it was told to', () => {
  const made = autoscaler(owner, {
    minReplicas: 2,
    maxReplicas: 5,
    targetCPUUtilizationPercentage: 70,
    targetMemoryUtilizationPercentage: 80,
  });
  expect(made.spec.scaleTargetRef).toEqual({
    apiVersion: 'windlass.dev/v1alpha1',
    kind: 'ModelDeployment',
    name: 'churn',
  });
  expect(
    made.spec.metrics?.map(({ resource }) => [resource.name, resource.target.averageUtilization]),
  ).toEqual([
    ['cpu', 70],
    ['memory', 80],
  ]);
});

test('the Job that reads a model runs as the tenant’s service account and is told what to read', () => {
  const { model, serving } = spec({
    model: { uri: 's3://models/churn/1/', sha256: 'a'.repeat(64) },
    serving: { pod: { serviceAccountName: 'reader', env: [{ name: 'AWS_REGION', value: 'eu-central-1' }] } },
  });
  const job = resolveJob(owner, 'churn-resolve-0', { model, serving }, 'runtime:1', 2 ** 30);
  const { spec: pod } = job.spec.template;
  const [container] = pod.containers;
  expect(pod).toMatchObject({
    serviceAccountName: 'reader',
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
  });
  expect(resolveConfigSchema.parse(JSON.parse(container?.args?.[2] ?? ''))).toEqual({
    formatVersion: 1,
    uri: 's3://models/churn/1/',
    sha256: 'a'.repeat(64),
    memoryLimit: 2 ** 30,
  });
  expect(container?.env).toContainEqual({ name: 'AWS_REGION', value: 'eu-central-1' });
  expect(job.spec.template.metadata?.labels?.[LABEL.revision]).toBeUndefined();
});

test('a Job’s name fits into a label, and is another for another spec or a longer name', () => {
  const long = { ...owner, name: 'a'.repeat(52) };
  const longer = { ...owner, name: `${'a'.repeat(51)}b` };
  expect(resolveJobName(long, 'v1:x').length).toBeLessThanOrEqual(63);
  expect(
    new Set([resolveJobName(long, 'v1:x'), resolveJobName(longer, 'v1:x'), resolveJobName(long, 'v1:y')])
      .size,
  ).toBe(3);
});

test.each([
  ['1Gi', 2 ** 30],
  ['500m', 0.5],
  ['1e3', 1000],
  ['128974848', 128974848],
  ['129M', 129e6],
  [2, 2],
  ['lots', undefined],
])('the quantity %s is %s', (quantity, value) => {
  expect(parseQuantity(quantity)).toBe(value);
});

test('bytes become whole mebibytes, never fewer', () => {
  expect(mebibytes(2 ** 20 + 1)).toBe('2Mi');
  expect(mebibytes(0)).toBe('1Mi');
});

test('a model on the CPU has the template that earlier releases gave it', () => {
  expect(deployment(input({ executionProvider: 'cpu' }), 'token')).toEqual(deployment(input(), 'token'));
});

test('a model on CUDA asks for one GPU where it serves, and for none where it is only fetched', () => {
  const { pull, serve } = containers(input({ executionProvider: 'cuda', resources: { limits: { cpu: 2 } } }));
  expect(serve.resources?.limits).toEqual({ cpu: 2, 'nvidia.com/gpu': 1 });
  expect(pull.resources?.limits).toEqual({ cpu: 2 });
  expect(serveConfigSchema.parse(config(serve))).toMatchObject({ executionProvider: 'cuda' });
});

test.each([
  ['another number', { limits: { 'nvidia.com/gpu': 2 } }, { 'nvidia.com/gpu': 2 }],
  ['a slice of one', { limits: { 'nvidia.com/mig-1g.5gb': 1 } }, { 'nvidia.com/mig-1g.5gb': 1 }],
  ['a request alone', { requests: { 'nvidia.com/gpu': '1' } }, { 'nvidia.com/gpu': '1' }],
])('a model on CUDA keeps %s that its user named', (_, resources, limits) => {
  const { serve } = containers(input({ executionProvider: 'cuda', resources }));
  expect(serve.resources?.limits).toEqual(limits);
});

test('a graph of a registry is served by its path and its artifact, and MLflow’s credentials stay in the init container', () => {
  const from = input({
    pod: {
      env: [
        { name: 'MLFLOW_TRACKING_URI', value: 'http://mlflow:5000' },
        { name: 'MLFLOW_TRACKING_TOKEN', value: 't' },
      ],
    },
  });
  const { artifact } = from.spec;
  const registered = {
    ...artifact,
    format: 'onnx',
    graph: 'data/model.onnx',
    registry: { name: 'churn', version: '3' },
  } as const;
  const { pull, serve } = containers({ ...from, spec: { ...from.spec, artifact: registered } });
  expect(serveConfigSchema.parse(config(serve))).toMatchObject({
    model: '/models/data/model.onnx',
    artifactFile: '/etc/windlass/pod/artifact.json',
  });
  const named = ({ env = [] }: Container) =>
    env.map(({ name }) => name).filter((name) => name.startsWith('MLFLOW'));
  expect(named(pull)).toEqual(['MLFLOW_TRACKING_URI', 'MLFLOW_TRACKING_TOKEN']);
  expect(named(serve)).toEqual(['MLFLOW_TRACKING_URI']);
});
