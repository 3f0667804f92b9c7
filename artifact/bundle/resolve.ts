import { z } from 'zod';
import { type Artifact, artifactSchema } from '#contract/artifact.ts';
import { canonicalJson, sha256 } from '#contract/canonical.ts';
import { FailureError } from '#contract/failure.ts';
import { type Manifest, manifestSchema, tensorTypeSchema } from '#contract/model-manifest.ts';
import { checkMemory, type Graph } from '../preflight/index.ts';
import { MLMODEL_FILE } from '../mlflow/index.ts';
import type { ResolutionCache } from './cache.ts';
import { readManifest } from './manifest.ts';
import { preflightMlmodel } from './onnx-folder.ts';
import { type Entry, findEntry, locate, type Place, type Stores } from './place.ts';
import { type CheckedModel, preflightBundle, preflightObject } from './preflight.ts';

/** What a `spec.model` names. */
export interface ModelSource {
  readonly uri: string;
  /** One object version: of a bare .onnx, or of a bundle's model.json. */
  readonly versionId?: string;
  /** Refuse other bytes: the artifact's sha256 (as status shows it), or for a bundle also that of model.json itself. */
  readonly sha256?: string;
}

export interface ResolveRequest extends Stores {
  readonly source: ModelSource;
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

/** MLmodel does not say how long its graph is: time for one as large as ONNX files get (2 GiB), and its data. */
const MLMODEL_BYTES = 4 * 1024 ** 3;

/** A resolve may take this long, and the time that its bytes take at the slowest acceptable speed. */
const DEADLINE_MS = 120_000;
const SLOWEST_BYTES_PER_MS = 1024;

/** Resolves and checks a source. Throws FailureError; a state that the cache knows costs a few small requests. */
export async function resolveModel(request: ResolveRequest): Promise<Resolution> {
  const { source, cache } = request;
  const key = canonicalJson([identityOf(request), source.uri, source.versionId]);
  const flight = (signal: AbortSignal): Promise<Found> => find({ ...request, signal }, key);
  const found = await (cache === undefined
    ? flight(request.signal)
    : cache.flights.join(key, request.signal, flight));
  checkPin(source, found.checked);
  checkMemory(source.uri, found.checked.graph, found.checked.weights, request.memoryLimitBytes);
  const { artifact, graph, manifest } = found.checked;
  return { artifact, graph, marker: found.marker, ...(manifest === undefined ? {} : { manifest }) };
}

/** A few small requests: equal markers mean that the source has not moved since. Throws FailureError. */
export async function probeModel(
  request: Pick<ResolveRequest, 'source' | 's3' | 'mlflow' | 'signal'>,
): Promise<string> {
  const place = await locate(request.source, request, request.signal);
  return markerOf(place, await findEntry(place, request.signal));
}

export interface Found {
  readonly checked: CheckedModel;
  readonly marker: string;
}

function identityOf({ s3, mlflow }: Stores): string {
  return mlflow === undefined ? s3.identity : `${s3.identity} ${mlflow.identity}`;
}

async function find(request: ResolveRequest, key: string): Promise<Found> {
  const { source, cache, signal } = request;
  const place = await locate(source, request, signal);
  const entry = await findEntry(place, signal);
  const marker = markerOf(place, entry);
  const known = cache?.get(key, marker);
  if (known !== undefined) return { checked: known, marker };
  const run = () => check(request, place, entry);
  const checked = await (cache === undefined ? run() : cache.gate.run(identityOf(request), signal, run));
  cache?.set(key, marker, checked);
  return { checked, marker };
}

async function check(
  { source, signal }: ResolveRequest,
  place: Place,
  { path, info }: Entry,
): Promise<CheckedModel> {
  const { files, uri } = place;
  const within = <T>(size: number, run: (inner: AbortSignal) => Promise<T>) =>
    withDeadline(source.uri, size, signal, run);
  if (path === place.object)
    return within(info.size, (inner) => preflightObject(files, uri, path, info, inner));
  if (path === MLMODEL_FILE) {
    return registeredAs(
      place,
      await within(MLMODEL_BYTES, (inner) => preflightMlmodel(files, uri, info, inner)),
    );
  }
  const read = await within(info.size, (inner) => readManifest(files, info, inner));
  const size = Object.values(read.manifest.files).reduce((sum, file) => sum + file.size, 0);
  return registeredAs(place, await within(size, (inner) => preflightBundle(files, uri, read, inner)));
}

function registeredAs({ registered }: Place, checked: CheckedModel): CheckedModel {
  if (registered === undefined) return checked;
  const { name, version } = registered;
  return { ...checked, artifact: { ...checked.artifact, registry: { name, version } } };
}

function markerOf({ uri, registered }: Place, { info: { etag, versionId, size } }: Entry): string {
  const object = [etag, versionId, size];
  if (registered === undefined) return canonicalJson(object);
  // A URI may be longer than a status has room for.
  return canonicalJson([registered.version, registered.createdAt, sha256(uri).slice(0, 16), ...object]);
}

function checkPin({ uri, sha256: pin }: ModelSource, checked: CheckedModel): void {
  const { artifact, manifestSha256, graphSha256 } = checked;
  if (pin === undefined || [artifact.sha256, manifestSha256, graphSha256].includes(pin)) return;
  const actual =
    manifestSha256 === undefined
      ? `the sha256 ${artifact.sha256}`
      : `the sha256 ${artifact.sha256} (its model.json ${manifestSha256})`;
  throw new FailureError(
    'DigestMismatch',
    `${uri} has ${actual}, and spec.model.sha256 asks for ${pin}. Put the right files there, or correct spec.model.sha256.`,
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
