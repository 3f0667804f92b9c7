import type { z } from 'zod';
import { podSettingsSchema } from '#operator/api/pod-settings.ts';
import type { InferenceService, ServedModel } from './inference-service.ts';
import type { Notes } from './notes.ts';
import type { Path } from './documents.ts';

/** spec.serving, as it is written; checked as a whole in the end. */
export type Serving = Readonly<Record<string, unknown>>;

const GPU = 'nvidia.com/gpu';
const AT = ['spec', 'predictor'];
/** Fields of a pod that mean the same in both. */
const POD_FIELDS = [
  'nodeSelector',
  'tolerations',
  'affinity',
  'topologySpreadConstraints',
  'priorityClassName',
  'runtimeClassName',
  'imagePullSecrets',
] as const;

const WHY: Readonly<Record<string, string>> = {
  image: 'the runtime image is Windlass’s own (serving.image overrides it)',
  args: 'they are flags of another server',
  command: 'it is another server’s',
  protocolVersion: 'V1 and gRPC are not served: clients ask POST /predict, or V2 over HTTP',
  containerConcurrency: 'a pod refuses what would wait too long (503) by its own measure',
  timeout: 'a pod refuses what would wait too long (503) by its own measure',
  logger: 'requests are not sent anywhere; counts and bins are in /metrics and /drift',
  deploymentStrategy: 'a rollout is what spec.rollout says',
  volumes: 'the model is the only file that a pod needs',
  volumeMounts: 'the model is the only file that a pod needs',
  readinessProbe: 'pods have their own probes',
  livenessProbe: 'pods have their own probes',
  startupProbe: 'pods have their own probes',
  securityContext: 'pods meet the Pod Security Standard "restricted" already',
};

const BATCHER_WHY = {
  maxLatency: 'rows that arrive together run together, and nothing waits for more of them',
  timeout: 'a pod refuses what would wait too long (503) by its own measure',
};

export function servingOf(service: InferenceService, served: ServedModel, notes: Notes): Serving {
  const { predictor } = service.spec;
  const { field, framework } = served;
  const at = [...AT, field];
  notes.taken(
    [...at, 'modelFormat'],
    [...at, 'runtime'],
    [...at, 'runtimeVersion'],
    [...at, 'resources', 'requests'],
    [...at, 'resources', 'limits'],
  );
  notes.taken([...at, 'name']);
  if (framework.protocolVersion === 'v2') notes.taken([...at, 'protocolVersion']);
  for (const [path, value] of [
    [AT, predictor],
    [at, framework],
  ] as const) {
    for (const name of Object.keys(value)) {
      const why = WHY[name];
      if (why !== undefined && !(name === 'protocolVersion' && framework.protocolVersion === 'v2'))
        notes.lost([...path, name], why);
    }
  }
  const { requests, limits } = framework.resources ?? {};
  const resources = {
    ...(requests === undefined ? {} : { requests }),
    ...(limits === undefined ? {} : { limits }),
  };
  const gpu = [requests, limits].some((list) => Number(list?.[GPU] ?? 0) > 0);
  const batch = batching(predictor.batcher, notes);
  const pod = podOf(service, served, notes);
  return {
    ...(Object.keys(resources).length === 0 ? {} : { resources }),
    ...(gpu ? { executionProvider: 'cuda' } : {}),
    ...batch,
    ...(Object.keys(pod).length === 0 ? {} : { pod }),
  };
}

function batching(batcher: InferenceService['spec']['predictor']['batcher'], notes: Notes): Serving {
  const at = [...AT, 'batcher'];
  notes.taken([...at, 'maxBatchSize']);
  for (const [name, why] of Object.entries(BATCHER_WHY)) {
    if (batcher !== undefined && Object.hasOwn(batcher, name)) notes.lost([...at, name], why);
  }
  const { maxBatchSize } = batcher ?? {};
  return maxBatchSize === undefined ? {} : { maxBatchSize };
}

function podOf(
  { metadata, spec: { predictor } }: InferenceService,
  { field, framework }: ServedModel,
  notes: Notes,
): Serving {
  const fields: Record<string, unknown> = {};
  const take = (name: keyof z.infer<typeof podSettingsSchema>, path: Path, value: unknown): void => {
    const schema = podSettingsSchema.shape[name];
    const parsed = schema.safeParse(value);
    if (parsed.success) {
      notes.taken(path);
      fields[name] = value;
    } else {
      const [issue] = parsed.error.issues;
      const where = (issue?.path ?? []).join('.');
      notes.lost(
        path,
        `${where === '' ? '' : `${where}: `}${issue?.message ?? 'is not what a ModelDeployment takes'}`,
      );
    }
  };
  if (predictor.serviceAccountName !== undefined) fields['serviceAccountName'] = predictor.serviceAccountName;
  for (const name of POD_FIELDS) {
    const value: unknown = predictor[name];
    if (value !== undefined) take(name, [...AT, name], value);
  }
  if (predictor.labels !== undefined) take('labels', [...AT, 'labels'], predictor.labels);
  const annotations = { ...othersOf(metadata.annotations, notes), ...predictor.annotations };
  if (Object.keys(annotations).length > 0) take('annotations', [...AT, 'annotations'], annotations);
  const env = environment(framework, [...AT, field, 'env'], notes);
  if (env.length > 0) fields['env'] = env;
  return fields;
}

/** Annotations that KServe hands on to the pods: all but its own and Knative's. */
function othersOf(
  annotations: Readonly<Record<string, string>> = {},
  notes: Notes,
): Readonly<Record<string, string>> {
  const others: Record<string, string> = {};
  for (const [name, value] of Object.entries(annotations)) {
    const path = ['metadata', 'annotations', name];
    if (name.startsWith('kubectl.kubernetes.io/') || name === 'serving.kserve.io/deploymentMode')
      notes.taken(path);
    else if (/(^|\.)(kserve\.io|kubeflow\.org|knative\.dev)\//.test(name))
      notes.lost(path, 'it is for KServe or Knative, which are no part of this');
    else {
      notes.taken(path);
      others[name] = value;
    }
  }
  return others;
}

function environment({ env = [] }: ServedModel['framework'], at: Path, notes: Notes): readonly object[] {
  return env.flatMap(({ name, value, ...rest }, index) => {
    const path = [...at, index];
    if (value === undefined) {
      notes.lost(path, `${name} has no plain value; environment variables here are not for secrets`);
      return [];
    }
    if (name.startsWith('WINDLASS_') || Object.keys(rest).length > 0) {
      notes.lost(path, `${name} cannot be set`);
      return [];
    }
    notes.taken(path);
    return [{ name, value }];
  });
}
