import { modelDeploymentSpecSchema } from '#operator/api/model-deployment.ts';
import { parseQuantity } from '#operator/api/quantity.ts';
import { deploymentName } from '../init/name.ts';
import { credentialsOf } from './credentials.ts';
import type { ManifestObject } from './documents.ts';
import { inferenceServiceSchema, servedModel, type InferenceService } from './inference-service.ts';
import { Notes, type Note } from './notes.ts';
import { placeOf } from './place.ts';
import { rolloutOf, type Rollout } from './rollout.ts';
import { scalingOf, type Scaling } from './scaling.ts';
import { servingOf, type Serving } from './serving.ts';

export interface ConvertSettings {
  /** A Secret with the keys of the store. */
  readonly secret?: string | undefined;
  readonly bucket?: string | undefined;
  /** The graph's path below the storage path; '' for a bundle. */
  readonly file?: string | undefined;
}

export interface ConvertedSpec extends Scaling {
  readonly model: { readonly uri: string; readonly credentials?: { readonly secretName: string } };
  readonly serving: Serving;
  readonly rollout: Rollout;
}

export type Conversion =
  | {
      readonly kind: 'converted';
      readonly from: string;
      readonly name: string;
      readonly namespace: string | undefined;
      readonly labels: Readonly<Record<string, string>>;
      readonly spec: ConvertedSpec;
      readonly notes: readonly Note[];
    }
  | { readonly kind: 'refused'; readonly from: string; readonly message: string };

const URI_RULE =
  'must be s3://<bucket>/<prefix>/ or s3://<bucket>/<key>.onnx, with a bucket of 3 to 63 lower-case letters, digits, ".", "_" and "-", and no empty, "." or ".." segment in the path';
const API = 'serving.kserve.io/v1beta1';
/** Of an object that was read from a cluster: the API server's, or of no use elsewhere. */
const SERVER_FIELDS = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'selfLink',
  'finalizers',
];

/** What becomes of one InferenceService; `objects`: all of its stream, for the Secret of its service account. */
export function convert(
  object: ManifestObject,
  objects: readonly ManifestObject[],
  settings: ConvertSettings,
): Conversion {
  const given = inferenceServiceSchema.safeParse(object.value);
  const from = nameOf(object);
  const refuse = (message: string): Conversion => ({ kind: 'refused', from, message });
  if (object.apiVersion !== API)
    return refuse(
      `its apiVersion is ${object.apiVersion}; this reads ${API}, as the API server gives it: kubectl get inferenceservice ${from} -o yaml`,
    );
  if (!given.success) {
    const [issue] = given.error.issues;
    return refuse(`${(issue?.path ?? []).join('.')}: ${issue?.message ?? 'is not what KServe takes'}`);
  }
  const service = given.data;
  const served = servedModel(service.spec.predictor);
  if ('refused' in served) return refuse(served.refused);
  const notes = new Notes();
  const place = placeOf(service, served, settings, notes);
  if ('refused' in place) return refuse(place.refused);
  const secretName = credentialsOf(service, served, { secret: settings.secret, objects }, notes);
  const spec: ConvertedSpec = {
    model: { uri: place.uri, ...(secretName === undefined ? {} : { credentials: { secretName } }) },
    ...scalingOf(service, notes),
    serving: servingOf(service, served, notes),
    rollout: rolloutOf(service, notes),
  };
  checkCpuRequest(spec, notes);
  const problem = problemOf(spec);
  if (problem !== undefined) return refuse(`it would be no valid ModelDeployment: ${problem}`);
  const name = nameFor(service, notes);
  nameRest(service, object, notes);
  const { namespace, labels = {} } = service.metadata;
  return { kind: 'converted', from, name, namespace, labels, spec, notes: notes.all };
}

export function nameOf({ value }: ManifestObject): string {
  const metadata: unknown = value['metadata'];
  const name: unknown =
    typeof metadata === 'object' && metadata !== null && 'name' in metadata ? metadata.name : undefined;
  return typeof name === 'string' ? name : '(no name)';
}

function nameFor({ metadata: { name } }: InferenceService, notes: Notes): string {
  const made = deploymentName(undefined, name);
  if (made !== name)
    notes.lost(
      ['metadata', 'name'],
      `it cannot be a ModelDeployment's name, which is ${made} now: clients ask another Service`,
    );
  return made;
}

/** An autoscaler of CPU cannot reckon without a request. KServe set one of 1 CPU where nothing was said. */
function checkCpuRequest({ autoscaling, serving }: ConvertedSpec, notes: Notes): void {
  const { resources } = serving as {
    readonly resources?: { readonly requests?: object; readonly limits?: object };
  };
  const cpu = [resources?.requests, resources?.limits].some((list) => list !== undefined && 'cpu' in list);
  if (autoscaling?.targetCPUUtilizationPercentage === undefined || cpu) return;
  notes.check(
    ['spec', 'predictor'],
    'KServe asks for 1 CPU and 2Gi where nothing is said; the autoscaler needs a CPU request: add serving.resources.requests.cpu',
  );
}

function problemOf(spec: ConvertedSpec): string | undefined {
  const parsed = modelDeploymentSpecSchema.safeParse(spec);
  const [issue] = parsed.success ? [] : parsed.error.issues;
  if (issue === undefined) return requestAboveLimit(spec);
  const where = `spec.${issue.path.join('.')}`;
  if (where === 'spec.model.uri') return `${where}: ${spec.model.uri} ${URI_RULE}`;
  return `${where}: ${issue.message}`;
}

/** The API server would refuse it: no container starts that asks for more than it may use. */
function requestAboveLimit({ serving }: ConvertedSpec): string | undefined {
  const { requests = {}, limits = {} } = (serving['resources'] ?? {}) as {
    readonly [list in 'requests' | 'limits']?: Readonly<Record<string, string | number>>;
  };
  const above = Object.keys(requests).find(
    (name) => (parseQuantity(requests[name]) ?? 0) > (parseQuantity(limits[name]) ?? Infinity),
  );
  return above === undefined
    ? undefined
    : `spec.serving.resources: the request of ${above} is ${requests[above]}, above its limit of ${limits[above]}: raise the limit or lower the request`;
}

/** Names what is left of the InferenceService. */
function nameRest(service: InferenceService, { value }: ManifestObject, notes: Notes): void {
  notes.taken(
    ['apiVersion'],
    ['kind'],
    ['status'],
    ['metadata', 'name'],
    ['metadata', 'namespace'],
    ['metadata', 'labels'],
  );
  notes.taken(...SERVER_FIELDS.map((field) => ['metadata', field]));
  for (const part of ['transformer', 'explainer']) {
    if (part in service.spec) {
      notes.lost(
        ['spec', part],
        `there is no ${part} here: what it does to requests belongs into the graph, or into a service of its own in front`,
      );
    }
  }
  notes.addUntold(value);
}
