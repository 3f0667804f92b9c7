import { z } from 'zod';
import { type Artifact, artifactSchema } from '#contract/artifact.ts';
import { canonicalJson } from '#contract/canonical.ts';
import { FailureError } from '#contract/failure.ts';
import { MANIFEST_FILE, type Manifest, manifestSchema, tensorTypeSchema } from '#contract/model-manifest.ts';
import { checkMemory, type Graph } from '../preflight/index.ts';
import {
  baseName,
  describeObject,
  type ModelLocation,
  type ObjectInfo,
  parseModelUri,
  type S3Store,
} from '../s3/index.ts';
import type { ResolutionCache } from './cache.ts';
import { s3Files } from './files.ts';
import { explainMissing } from './missing.ts';
import { readManifest } from './manifest.ts';
import { type CheckedModel, preflightBundle, preflightObject } from './preflight.ts';

/** What a `spec.model` names. */
export interface ModelSource {
  readonly uri: string;
  /** One object version: of a bare .onnx, or of a bundle's model.json. */
  readonly versionId?: string;
  /** Refuse other bytes: the artifact's sha256 (as status shows it), or for a bundle also that of model.json itself. */
  readonly sha256?: string;
}

export interface ResolveRequest {
  readonly source: ModelSource;
  readonly s3: S3Store;
  readonly memoryLimitBytes?: number;
  readonly signal: AbortSignal;
  readonly cache?: ResolutionCache;
}

/** What is behind a source, read from end to end and found fit to serve. */
export interface Resolution {
  readonly artifact: Artifact;
  /** Absent for a bare .onnx. */
  readonly manifest?: Manifest;
  readonly graph: Graph;
  /** What `probeModel` gives for the same state of the source. */
  readonly marker: string;
}

const graphValueSchema = z.object({
  name: z.string(),
  type: tensorTypeSchema,
  shape: z.array(z.number().nullable()).nullable(),
});

/** A Resolution as `runtime resolve` prints it. */
export const resolutionSchema: z.ZodType<Resolution> = z.object({
  artifact: artifactSchema,
  manifest: manifestSchema.exactOptional(),
  graph: z.object({
    inputs: z.array(graphValueSchema),
    outputs: z.array(graphValueSchema),
    opsets: z.record(z.string(), z.number()),
    irVersion: z.number(),
    producer: z.string(),
    nodes: z.number(),
    estimatedMemoryBytes: z.number(),
  }),
  marker: z.string(),
});

/** A resolve may take this long, and the time that its bytes take at the slowest acceptable speed. */
const DEADLINE_MS = 120_000;
const SLOWEST_BYTES_PER_MS = 1024;

/** Resolves and checks a source. Throws FailureError; a state that the cache knows costs one small request. */
export async function resolveModel(request: ResolveRequest): Promise<Resolution> {
  const { source, s3, cache } = request;
  const location = parseModelUri(source.uri);
  const key = canonicalJson([s3.identity, source.uri, source.versionId]);
  const flight = (signal: AbortSignal): Promise<Found> => find({ ...request, signal }, location, key);
  const found = await (cache === undefined
    ? flight(request.signal)
    : cache.flights.join(key, request.signal, flight));
  checkPin(source, found.checked);
  checkMemory(source.uri, found.checked.graph, found.checked.weights, request.memoryLimitBytes);
  const { artifact, graph, manifest } = found.checked;
  return { artifact, graph, marker: found.marker, ...(manifest === undefined ? {} : { manifest }) };
}

/** One small request: equal markers mean that the source has not moved since. Throws FailureError. */
export async function probeModel({
  source,
  s3,
  signal,
}: Pick<ResolveRequest, 'source' | 's3' | 'signal'>): Promise<string> {
  const location = parseModelUri(source.uri);
  return markerOf(await stat(s3, location, source, signal));
}

export interface Found {
  readonly checked: CheckedModel;
  readonly marker: string;
}

async function find(request: ResolveRequest, location: ModelLocation, key: string): Promise<Found> {
  const { source, s3, cache, signal } = request;
  const info = await stat(s3, location, source, signal);
  const marker = markerOf(info);
  const known = cache?.get(key, marker);
  if (known !== undefined) return { checked: known, marker };
  const run = () => check(request, location, info);
  const checked = await (cache === undefined ? run() : cache.gate.run(s3.identity, signal, run));
  cache?.set(key, marker, checked);
  return { checked, marker };
}

async function check(
  request: ResolveRequest,
  location: ModelLocation,
  info: ObjectInfo,
): Promise<CheckedModel> {
  const { source, s3 } = request;
  if (location.kind === 'onnx') {
    const path = baseName(location.key);
    const files = s3Files(s3, location.bucket, location.key.slice(0, -path.length), pin(path, source));
    return withDeadline(source.uri, info.size, request.signal, (signal) =>
      preflightObject(files, source.uri, path, info, signal),
    );
  }
  const files = s3Files(s3, location.bucket, location.key, pin(MANIFEST_FILE, source));
  const read = await withDeadline(source.uri, info.size, request.signal, (signal) =>
    readManifest(files, info, signal),
  );
  const size = Object.values(read.manifest.files).reduce((sum, file) => sum + file.size, 0);
  return withDeadline(source.uri, size, request.signal, (signal) =>
    preflightBundle(files, source.uri, read, signal),
  );
}

function pin(path: string, { versionId }: ModelSource): Readonly<Record<string, string>> {
  return versionId === undefined ? {} : { [path]: versionId };
}

async function stat(
  s3: S3Store,
  location: ModelLocation,
  source: ModelSource,
  signal: AbortSignal,
): Promise<ObjectInfo> {
  const object = {
    bucket: location.bucket,
    key: location.kind === 'bundle' ? location.key + MANIFEST_FILE : location.key,
    ...(source.versionId === undefined ? {} : { versionId: source.versionId }),
  };
  try {
    return await s3.head(object, signal);
  } catch (error) {
    throw await explainMissing(error, s3, location, describeObject(object), signal);
  }
}

function markerOf({ etag, versionId, size }: ObjectInfo): string {
  return canonicalJson([etag, versionId, size]);
}

function checkPin({ uri, sha256 }: ModelSource, { artifact, manifestSha256 }: CheckedModel): void {
  if (sha256 === undefined || sha256 === artifact.sha256 || sha256 === manifestSha256) return;
  const actual =
    manifestSha256 === undefined
      ? `the sha256 ${artifact.sha256}`
      : `the sha256 ${artifact.sha256} (its model.json ${manifestSha256})`;
  throw new FailureError(
    'DigestMismatch',
    `${uri} has ${actual}, and spec.model.sha256 asks for ${sha256}. Put the right files there, or correct spec.model.sha256.`,
  );
}

async function withDeadline<T>(
  uri: string,
  size: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = DEADLINE_MS + size / SLOWEST_BYTES_PER_MS;
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(
      new FailureError(
        'SourceUnavailable',
        `${uri} could not be read within ${Math.round(limit / 1000)} s (1 MiB/s and ${DEADLINE_MS / 1000} s). Check the store's load and the network.`,
      ),
    );
  }, limit);
  try {
    return await run(AbortSignal.any([signal, controller.signal]));
  } finally {
    clearTimeout(timer);
  }
}
