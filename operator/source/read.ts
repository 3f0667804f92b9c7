import {
  connectionFromSecret,
  parseResolveLog,
  probeModel,
  resolveModel,
  type Resolution,
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
  { kube, stores, cache }: ReaderDependencies,
  signal: AbortSignal,
): Promise<Reading> {
  const secret = await readSecret(kube, request.namespace, secretName, signal);
  const annotations = secret.metadata.annotations ?? {};
  const access = connectionFromSecret({
    ...(secret.data === undefined ? {} : { data: secret.data }),
    annotations,
  });
  if (access.credentials === undefined && access.connection.anonymous !== true) {
    throw new FailureError(
      'AccessDenied',
      `The Secret ${request.namespace}/${secretName} holds no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Add them, or leave spec.model.credentials out to read as the service account of the pod.`,
    );
  }
  const s3 = stores.get(access);
  const source = sourceOf(request);
  if (marker !== undefined && (await probeModel({ source, s3, signal })) === marker)
    return { is: 'unchanged' };
  const resolution = await resolve(request, s3, cache, signal);
  return { is: 'resolved', source: toResolvedSource(resolution, annotated(annotations)) };
}

async function resolve(
  request: SourceRequest,
  s3: S3Store,
  cache: ResolutionCache,
  signal: AbortSignal,
): Promise<Resolution> {
  const { memoryLimitBytes } = request;
  return resolveModel({
    source: sourceOf(request),
    s3,
    cache,
    signal,
    ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }),
  });
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
