import {
  connectionFromSecret,
  isRegistryUri,
  mlflowFromSecret,
  type MlflowServerPool,
  parseResolveLog,
  probeModel,
  refusingStore,
  resolveModel,
  type ResolutionCache,
  type S3Store,
  type S3StorePool,
} from '#artifact/index.ts';
import { FailureError } from '#contract/failure.ts';
import type { S3Connection } from '#contract/programs.ts';
import { isKubeError, SECRET, type Kube, type Secret } from '#operator/kube/index.ts';
import type { FinishedJob, ResolvedSource, SourceRequest } from './state.ts';
import { toResolvedSource } from './to-source.ts';

export interface ReaderDependencies {
  readonly kube: Kube;
  readonly stores: S3StorePool;
  readonly mlflow: MlflowServerPool;
  readonly cache: ResolutionCache;
}

/** `unchanged`: a followed source whose marker has not moved. */
export type Reading =
  { readonly is: 'resolved'; readonly source: ResolvedSource } | { readonly is: 'unchanged' };

const LOG_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * Reads a source with the Secret's keys. The Secret is read each time and kept nowhere, because credentials rotate; the
 * operator's own identity is never used. Throws FailureError.
 */
export async function readWithSecret(
  request: SourceRequest,
  secretName: string,
  marker: string | undefined,
  { kube, stores, mlflow, cache }: ReaderDependencies,
  signal: AbortSignal,
): Promise<Reading> {
  const secret = await readSecret(kube, request.namespace, secretName, signal);
  const where = `Secret ${request.namespace}/${secretName}`;
  const { uri } = request.model;
  const annotations = secret.metadata.annotations ?? {};
  const from = {
    source: sourceOf(request),
    s3: storeOf(secret, uri, where, stores),
    ...(isRegistryUri(uri) ? { mlflow: mlflow.get(mlflowFromSecret(secret.data, where)) } : {}),
    signal,
  };
  if (marker !== undefined && (await probeModel(from)) === marker) return { is: 'unchanged' };
  const { memoryLimitBytes } = request;
  const resolution = await resolveModel({
    ...from,
    cache,
    ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }),
  });
  return { is: 'resolved', source: toResolvedSource(resolution, annotated(annotations)) };
}

/** A registered model may lie behind the tracking server, and then needs no keys of S3. */
function storeOf(secret: Secret, uri: string, where: string, stores: S3StorePool): S3Store {
  const access = connectionFromSecret({
    ...(secret.data === undefined ? {} : { data: secret.data }),
    annotations: secret.metadata.annotations ?? {},
  });
  if (access.credentials !== undefined || access.connection.anonymous === true) return stores.get(access);
  if (!isRegistryUri(uri)) {
    throw new FailureError(
      'AccessDenied',
      `The ${where} holds no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Add them, or leave spec.model.credentials out to read as the service account of the pod.`,
    );
  }
  return refusingStore(
    (place) =>
      new FailureError(
        'AccessDenied',
        `${uri} lies at ${place}, and ${where} holds no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Add them beside MLFLOW_TRACKING_URI, with AWS_ENDPOINT_URL where the store is not AWS.`,
      ),
  );
}

function sourceOf({ model }: SourceRequest) {
  const { uri, versionId, sha256 } = model;
  return {
    uri,
    ...(versionId === undefined ? {} : { versionId }),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}

/** What only the annotations say: a pod that mounts the Secret does not see them. */
function annotated(annotations: Readonly<Record<string, string>>): S3Connection | undefined {
  const { connection } = connectionFromSecret({ annotations });
  return Object.keys(connection).length === 0 ? undefined : connection;
}

async function readSecret(kube: Kube, namespace: string, name: string, signal: AbortSignal): Promise<Secret> {
  try {
    return await kube.get(SECRET, { namespace, name }, { signal });
  } catch (error) {
    if (isKubeError(error, 'notFound')) {
      throw new FailureError(
        'AccessDenied',
        `There is no Secret ${namespace}/${name}, which spec.model.credentials.secretName names. Create it, or correct the name.`,
        { cause: error },
      );
    }
    if (isKubeError(error, 'forbidden')) {
      throw new FailureError(
        'AccessDenied',
        `The operator may not read Secret ${namespace}/${name}, which spec.model.credentials.secretName names. Let its role get secrets in namespace ${namespace} (the chart's values name the namespaces).`,
        { cause: error },
      );
    }
    if (!isKubeError(error)) throw error;
    throw new FailureError(
      'SourceUnavailable',
      `Secret ${namespace}/${name} could not be read: ${error.message}`,
      { cause: error },
    );
  }
}

/** Reads what a resolve Job found, from its pod's log. Throws FailureError. */
export async function readFromJob(
  request: SourceRequest,
  job: FinishedJob,
  { kube }: ReaderDependencies,
  signal: AbortSignal,
): Promise<ResolvedSource> {
  const { podName, failure } = job;
  const outcome = podName === undefined ? undefined : await readLog(kube, request.namespace, podName, signal);
  if (outcome?.kind === 'resolved') return toResolvedSource(outcome.resolution, undefined);
  if (outcome?.kind === 'failed') throw new FailureError(outcome.failure.reason, outcome.failure.message);
  if (failure !== undefined) throw new FailureError(failure.reason, failure.message);
  throw new FailureError(
    'SourceUnavailable',
    `The Job that reads ${request.model.uri} as service account ended and left no result in its pod's log. It is tried again.`,
  );
}

async function readLog(kube: Kube, namespace: string, name: string, signal: AbortSignal) {
  try {
    const log = await kube.podLog(
      { namespace, name },
      { container: 'resolve', limitBytes: LOG_LIMIT_BYTES, signal },
    );
    return parseResolveLog(log);
  } catch (error) {
    // A container that never started has no log; its pod's state says why.
    if (isKubeError(error) && error.kind !== 'transient') return undefined;
    if (isKubeError(error))
      throw new FailureError(
        'SourceUnavailable',
        `The log of pod ${namespace}/${name} could not be read: ${error.message}`,
        { cause: error },
      );
    throw new FailureError(
      'SourceUnavailable',
      `The log of pod ${namespace}/${name} holds no result that this operator understands: ${String(error)}`,
      { cause: error },
    );
  }
}
