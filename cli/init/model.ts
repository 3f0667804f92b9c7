import { stat } from 'node:fs/promises';
import {
  checkLocalModel,
  connectionFromEnvironment,
  createMlflowServer,
  createS3Store,
  isRegistryUri,
  mlflowFromEnvironment,
  type MlflowServer,
  parseModelUri,
  parseRegistryUri,
  resolveModel,
} from '#artifact/index.ts';
import type { ArtifactRegistry } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';
import type { FailureReason } from '#contract/failure.ts';
import type { Manifest } from '#contract/model-manifest.ts';
import { CliError, EXIT } from '../exit.ts';

/** A model that was read from end to end and may be served. */
export interface InitModel {
  readonly manifest: Manifest | undefined;
  /** Where it is in S3 or in MLflow's registry; undefined for files of this machine. */
  readonly uri: string | undefined;
  /** The version of a registered model that it is now. */
  readonly registry?: ArtifactRegistry;
  /** The artifact's own digest. */
  readonly sha256: string;
  readonly size: number;
  /** What a serving pod needs at its peak. */
  readonly memoryBytes: number;
}

export interface StoreOptions {
  readonly endpointUrl?: string;
  readonly region?: string;
}

/** These say that it was not read, the others that it was and is not fit to serve. */
const REACHING: ReadonlySet<FailureReason> = new Set(['NotFound', 'AccessDenied', 'SourceUnavailable']);

/**
 * Reads and checks a model as the operator does: from S3 with the keys of AWS_* or a profile, from MLflow with those of
 * MLFLOW_TRACKING_*, or from a folder.
 */
export async function readModel(
  from: string,
  options: StoreOptions,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<InitModel> {
  try {
    return from.startsWith('s3://') || isRegistryUri(from)
      ? await fromStore(from, options, env, signal)
      : await fromDisk(from, signal);
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    throw new CliError(`${error.reason}: ${error.message}`, {
      cause: error,
      hint: REACHING.has(error.reason)
        ? reachingHint(from)
        : 'the operator would refuse it for the same reason: mend it first',
    });
  }
}

function reachingHint(from: string): string {
  return isRegistryUri(from)
    ? 'check MLFLOW_TRACKING_URI, and MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD or MLFLOW_TRACKING_TOKEN; a version whose files are in S3 needs the keys of AWS_* as well'
    : 'check the address, the keys (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE) and --endpoint-url';
}

async function fromDisk(path: string, signal: AbortSignal): Promise<InitModel> {
  if ((await stat(path).catch(() => undefined)) === undefined)
    throw new CliError(`NotFound: there is no file or folder ${path}`, {
      exitCode: EXIT.usage,
      hint: 'give a bundle’s folder, an .onnx file, s3://BUCKET/PREFIX/ or models:/NAME/VERSION',
    });
  const { artifact, manifest, graph } = await checkLocalModel(path, signal);
  return {
    manifest,
    uri: undefined,
    sha256: artifact.sha256,
    size: artifact.size,
    memoryBytes: graph.estimatedMemoryBytes,
  };
}

async function fromStore(
  uri: string,
  { endpointUrl, region }: StoreOptions,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<InitModel> {
  if (isRegistryUri(uri)) parseRegistryUri(uri);
  else parseModelUri(uri);
  const access = connectionFromEnvironment({
    ...env,
    ...(endpointUrl === undefined ? {} : { AWS_ENDPOINT_URL_S3: endpointUrl }),
    ...(region === undefined ? {} : { AWS_REGION: region }),
  });
  // podIdentity: the SDK's own search for keys, which finds AWS_*, profiles and sign-ins. Loopback: a person reads as
  // themselves, and a forwarded port is theirs to read from.
  const s3 = createS3Store({ ...access, podIdentity: true, addresses: { allowLoopback: true } });
  const mlflow = isRegistryUri(uri) ? openMlflow(env) : undefined;
  try {
    const { artifact, manifest, graph } = await resolveModel({
      source: { uri },
      s3,
      ...(mlflow === undefined ? {} : { mlflow }),
      signal,
    });
    return {
      manifest,
      uri,
      sha256: artifact.sha256,
      size: artifact.size,
      memoryBytes: graph.estimatedMemoryBytes,
      ...(artifact.registry === undefined ? {} : { registry: artifact.registry }),
    };
  } finally {
    mlflow?.close();
    s3.close();
  }
}

function openMlflow(env: NodeJS.ProcessEnv): MlflowServer {
  const access = mlflowFromEnvironment(env, 'the environment');
  return createMlflowServer({ ...access, addresses: { allowLoopback: true } });
}
