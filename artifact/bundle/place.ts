import type { ArtifactRegistry } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';
import { MANIFEST_FILE } from '#contract/model-manifest.ts';
import {
  isRegistryUri,
  MLMODEL_FILE,
  type MlflowServer,
  parseRegistryUri,
  proxiedUri,
  type RegisteredVersion,
} from '../mlflow/index.ts';
import {
  baseName,
  describeObject,
  type ModelLocation,
  type ObjectInfo,
  parseModelUri,
  type S3Store,
} from '../s3/index.ts';
import { type ModelFiles, proxiedFiles, s3Files } from './files.ts';
import { explainMissing, names } from './missing.ts';
import type { ModelSource } from './resolve.ts';

/** Where a source's files are by now: an S3 object, an S3 prefix, or a folder behind an MLflow server. */
export interface Place {
  /** The artifact's URI. */
  readonly uri: string;
  readonly files: ModelFiles;
  /** The name of the only object; absent for a folder. */
  readonly object?: string;
  /** Whether model.json is pinned, so that nothing else will do. */
  readonly pinned: boolean;
  /** The version that the registry names, and when it was made. */
  readonly registered?: ArtifactRegistry & { readonly createdAt: number };
  /** Makes of "there is no such file" a message that names what is there instead. */
  readonly explain: (error: unknown, signal: AbortSignal) => Promise<unknown>;
}

/** The file that says what a folder is, or the only object. */
export interface Entry {
  readonly path: string;
  readonly info: ObjectInfo;
}

export interface Stores {
  readonly s3: S3Store;
  /** Needed for `models:/` alone. */
  readonly mlflow?: MlflowServer;
}

/** Finds out where the files are: of a `models:/` URI by asking the registry. Throws FailureError. */
export async function locate(source: ModelSource, stores: Stores, signal: AbortSignal): Promise<Place> {
  if (!isRegistryUri(source.uri)) return inS3(source, parseModelUri(source.uri), stores.s3);
  const reference = parseRegistryUri(source.uri);
  const { mlflow, s3 } = stores;
  if (mlflow === undefined) {
    throw new FailureError(
      'AccessDenied',
      `${source.uri} needs an MLflow server. Set MLFLOW_TRACKING_URI in the credentials Secret.`,
    );
  }
  const version = await mlflow.find(reference, signal);
  return version.location.by === 's3'
    ? registeredInS3(version, version.location.uri, s3)
    : proxied(version, version.location.path, mlflow);
}

/** The file to begin with: model.json, or else MLmodel. Throws what `explain` makes of it where there is neither. */
export async function findEntry(place: Place, signal: AbortSignal): Promise<Entry> {
  const first = place.object ?? MANIFEST_FILE;
  try {
    return { path: first, info: await place.files.stat(first, signal) };
  } catch (error) {
    // Whoever may not list an S3 bucket is denied what is not there.
    const mayBeOther =
      error instanceof FailureError && (error.reason === 'NotFound' || error.reason === 'AccessDenied');
    if (!mayBeOther || place.object !== undefined || place.pinned) throw await place.explain(error, signal);
    const info = await place.files.stat(MLMODEL_FILE, signal).catch((other: unknown) => {
      if (other instanceof FailureError && (other.reason === 'NotFound' || other.reason === 'AccessDenied'))
        return undefined;
      throw other;
    });
    if (info !== undefined) return { path: MLMODEL_FILE, info };
    throw await place.explain(error, signal);
  }
}

function inS3(source: ModelSource, location: ModelLocation, s3: S3Store): Place {
  const { bucket, key } = location;
  const object = location.kind === 'onnx' ? baseName(key) : undefined;
  const entry = object ?? MANIFEST_FILE;
  const prefix = object === undefined ? key : key.slice(0, -object.length);
  const { versionId } = source;
  const pins = versionId === undefined ? {} : { [entry]: versionId };
  const named = describeObject({
    bucket,
    key: prefix + entry,
    ...(versionId === undefined ? {} : { versionId }),
  });
  return {
    uri: source.uri,
    files: s3Files(s3, bucket, prefix, pins),
    pinned: versionId !== undefined,
    explain: (error, signal) => explainMissing(error, s3, location, named, signal),
    ...(object === undefined ? {} : { object }),
  };
}

function registeredInS3(version: RegisteredVersion, uri: string, s3: S3Store): Place {
  const { bucket, key } = parseModelUri(uri);
  return {
    uri,
    files: s3Files(s3, bucket, key),
    pinned: false,
    registered: registered(version),
    explain: async (missing, signal) => {
      if (!isNotFound(missing)) return missing;
      const below = await s3.list(bucket, key, signal).catch(() => undefined);
      return below === undefined
        ? missing
        : neither(
            version,
            uri,
            below.map((name) => name.slice(key.length)),
            missing,
          );
    },
  };
}

function proxied(version: RegisteredVersion, path: string, server: MlflowServer): Place {
  const uri = proxiedUri(path);
  const label = `models:/${version.name}/${version.version}`;
  const files = proxiedFiles(server, path, label);
  return {
    uri,
    files,
    pinned: false,
    registered: registered(version),
    explain: async (missing, signal) => {
      if (!isNotFound(missing)) return missing;
      const there = await server.list(path, label, signal).catch(() => undefined);
      const found = there?.map(({ name, isFolder }) => (isFolder ? `${name}/` : name));
      return found === undefined ? missing : neither(version, uri, found, missing);
    },
  };
}

function registered({ name, version, createdAt }: RegisteredVersion) {
  return { name, version, createdAt };
}

function isNotFound(error: unknown): boolean {
  return error instanceof FailureError && error.reason === 'NotFound';
}

function neither(
  { name, version }: RegisteredVersion,
  uri: string,
  there: readonly string[],
  cause: unknown,
): FailureError {
  const found = there.length === 0 ? 'nothing' : names(there);
  return new FailureError(
    'InvalidManifest',
    `models:/${name}/${version} is neither a bundle (${MANIFEST_FILE}) nor an MLflow model (${MLMODEL_FILE}): at ${uri} there is ${found}. ` +
      'Log the model with mlflow.onnx, or register a bundle with windlass-train register.',
    { cause },
  );
}
