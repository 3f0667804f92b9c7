import { createHash } from 'node:crypto';
import { type Artifact, type ArtifactFile } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';
import { MANIFEST_FILE, type Manifest } from '#contract/model-manifest.ts';
import {
  checkExternal,
  formatBytes,
  type Graph,
  type Inspection,
  inspectModel,
  matchManifest,
  refuseExternal,
  type Weights,
} from '../preflight/index.ts';
import type { ObjectInfo } from '../s3/index.ts';
import { artifactDigest } from './digest.ts';
import type { ModelFiles } from './files.ts';
import { checkSideFile, type ReadManifest, sideFiles } from './manifest.ts';

/** A model that was read from end to end and may be loaded. */
export interface CheckedModel {
  readonly artifact: Artifact;
  readonly graph: Graph;
  readonly weights: Weights;
  readonly manifest?: Manifest;
  readonly manifestSha256?: string;
  /** Of a graph that may have external data beside it. */
  readonly graphSha256?: string;
}

/** Files of one bundle that are read at the same time. */
const PARALLEL_FILES = 4;

/** Checks a bare .onnx that was found as `info`. */
export async function preflightObject(
  files: ModelFiles,
  uri: string,
  path: string,
  info: ObjectInfo,
  signal: AbortSignal,
): Promise<CheckedModel> {
  const inspection = await inspectModel(files.read(path, info, signal), {
    name: files.describe(path),
    size: info.size,
    onExternal: refuseExternal,
  });
  const { graph, weights } = accepted(inspection);
  const file = { path, ...info, sha256: inspection.sha256 };
  return { artifact: artifactOf('onnx', uri, [file]), graph, weights };
}

/** Checks every file of a bundle against model.json, and the graph. */
export async function preflightBundle(
  files: ModelFiles,
  uri: string,
  read: ReadManifest,
  signal: AbortSignal,
): Promise<CheckedModel> {
  const { manifest } = read;
  const found = await statAll(files, manifest, signal);
  let inspection: Inspection | undefined;
  const schemas = sideFiles(manifest);
  const checked = await mapLimited(
    [...found],
    PARALLEL_FILES,
    async ([path, info]): Promise<ArtifactFile> => {
      const expected = manifest.files[path]?.sha256 ?? '';
      const schema = schemas.get(path);
      if (path === manifest.graph) {
        inspection = await inspectModel(files.read(path, info, signal), {
          name: files.describe(path),
          size: info.size,
          onExternal: checkExternal(path, (name) => manifest.files[name]?.size),
        });
        checkDigest(files.describe(path), expected, inspection.sha256);
      } else if (schema !== undefined) {
        const side = await checkSideFile(files, path, info, schema, signal);
        checkDigest(files.describe(path), expected, side.sha256);
        side.check();
      } else {
        checkDigest(files.describe(path), expected, await digest(files.read(path, info, signal)));
      }
      return { path, ...info, sha256: expected };
    },
  );
  if (inspection === undefined) throw new TypeError(`model.json does not list its graph ${manifest.graph}`);
  const { graph, weights } = accepted(inspection);
  matchManifest(files.describe(MANIFEST_FILE), manifest, graph);
  const own = { path: MANIFEST_FILE, ...read.info, size: read.size, sha256: read.sha256 };
  return {
    artifact: artifactOf('bundle', uri, [own, ...checked]),
    graph,
    weights,
    manifest,
    manifestSha256: read.sha256,
  };
}

async function statAll(
  files: ModelFiles,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ObjectInfo>> {
  if (MANIFEST_FILE in manifest.files) {
    throw new FailureError(
      'InvalidManifest',
      `${files.describe(MANIFEST_FILE)} lists itself in "files". Leave it out: its digest cannot be inside it.`,
    );
  }
  const entries = await mapLimited(
    Object.entries(manifest.files),
    PARALLEL_FILES * 2,
    async ([path, { size }]) => {
      const info = await files.stat(path, signal).catch((error: unknown) => {
        if (!(error instanceof FailureError) || error.reason !== 'NotFound') throw error;
        throw new FailureError(
          'InvalidManifest',
          `${files.describe(MANIFEST_FILE)} lists "${path}", and there is no ${files.describe(path)}. Upload the file, or take it off the list.`,
          { cause: error },
        );
      });
      if (info.size !== size) {
        throw new FailureError(
          'DigestMismatch',
          `${files.describe(path)} has ${info.size} bytes, and model.json says ${size} (${formatBytes(size)}). ` +
            `Upload the whole bundle again${info.size < size ? '; the upload may have been cut off' : ''}.`,
        );
      }
      return [path, info] as const;
    },
  );
  return new Map(entries);
}

export function accepted({ result }: Inspection): { readonly graph: Graph; readonly weights: Weights } {
  if ('failure' in result) throw result.failure;
  return result;
}

export function checkDigest(name: string, expected: string, actual: string): void {
  if (expected === actual) return;
  throw new FailureError(
    'DigestMismatch',
    `${name} has the sha256 ${actual}, and ${expected} is expected. Upload the whole bundle again, model.json last, under a new prefix.`,
  );
}

export async function digest(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of bytes) hash.update(part);
  return hash.digest('hex');
}

export function artifactOf(
  format: Artifact['format'],
  uri: string,
  files: readonly ArtifactFile[],
): Artifact {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return {
    format,
    uri,
    sha256: artifactDigest(format, sorted),
    size: sorted.reduce((sum, file) => sum + file.size, 0),
    files: sorted,
  };
}

/** Runs at most `limit` at a time, in order; the first failure ends it. */
async function mapLimited<T, R>(
  items: readonly T[],
  limit: number,
  run: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const pending = [...items.entries()];
  const worker = async () => {
    for (let entry = pending.shift(); entry !== undefined; entry = pending.shift()) {
      const [index, item] = entry;
      results[index] = await run(item).catch((error: unknown) => {
        pending.length = 0;
        throw error;
      });
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  const failure = settled.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return results;
}
