import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Artifact, type ArtifactRegistry, artifactSchema } from '#contract/artifact.ts';
import { canonicalJson, sha256 } from '#contract/canonical.ts';
import { FailureError } from '#contract/failure.ts';
import { goldenSchemaOf } from '#contract/golden-pictures.ts';
import {
  MANIFEST_FILE,
  manifestSchema,
  MAX_MANIFEST_BYTES,
  type Golden,
  referenceSchema,
  type Manifest,
  type Reference,
} from '#contract/model-manifest.ts';
import type { z } from 'zod';

/** A model's files, read and verified; the graph itself is not loaded yet. */
export interface ModelSource {
  /** undefined for a bare .onnx, whose graph is the schema. */
  readonly manifest: Manifest | undefined;
  readonly golden: Golden | undefined;
  readonly reference: Reference | undefined;
  /** Path of the ONNX graph. */
  readonly graph: string;
  /** The artifact's digest (contract/artifact.ts). */
  readonly sha256: string;
  /** sha256 -> path of every file. */
  readonly files: ReadonlyMap<string, string>;
  /** What the model is called where nobody names it. */
  readonly fallbackName: string;
  /** The registered version that a graph without model.json is. */
  readonly registered?: ArtifactRegistry;
}

/**
 * Reads a bundle's folder, a bare .onnx file, or a folder with a single one. `artifactFile` says what of the graph's
 * folder belongs to it, and what a registry calls it. Throws FailureError.
 */
export async function readModelSource(path: string, artifactFile?: string): Promise<ModelSource> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new FailureError(
      'LoadFailed',
      `there is no model at ${path}; give a bundle's folder or an .onnx file`,
    );
  }
  if (found.isFile()) return artifactFile === undefined ? readGraph(path) : readPulled(path, artifactFile);
  const names = await readdir(path);
  if (names.includes(MANIFEST_FILE)) return readBundle(path);
  const graphs = names.filter((name) => name.endsWith('.onnx'));
  const [graph] = graphs;
  const inside = names.filter((name) => existsSync(join(path, name, MANIFEST_FILE)));
  if (graph === undefined || graphs.length > 1) {
    throw new FailureError(
      'LoadFailed',
      `${path} has no ${MANIFEST_FILE} and ${graphs.length} .onnx files; give a bundle's folder${inside.length === 0 ? '' : ` (${inside.slice(0, 5).join(', ')} in it)`} or one .onnx file`,
    );
  }
  return readGraph(join(path, graph));
}

async function readGraph(path: string): Promise<ModelSource> {
  const digest = await fileSha256(path);
  return {
    manifest: undefined,
    golden: undefined,
    reference: undefined,
    graph: path,
    sha256: digest,
    files: new Map([[digest, path]]),
    fallbackName: basename(path, '.onnx'),
  };
}

/** A graph and its external data, as they were pulled. */
async function readPulled(path: string, artifactFile: string): Promise<ModelSource> {
  const { files, graph = '', registry, sha256: digest } = await readArtifact(artifactFile);
  const root = path.slice(0, -graph.length);
  const entries = await Promise.all(
    files.map(async (file) => {
      const actual = await fileSha256(join(root, file.path));
      if (actual === file.sha256) return [actual, join(root, file.path)] as const;
      throw new FailureError(
        'DigestMismatch',
        `${file.path} has sha256 ${actual}, and ${file.sha256} was pulled. Delete the pod, so that the model is pulled again.`,
      );
    }),
  );
  const source = await readGraph(path);
  return {
    ...source,
    sha256: digest,
    files: new Map(entries),
    ...(registry === undefined ? {} : { registered: registry }),
  };
}

async function readArtifact(path: string): Promise<Artifact> {
  try {
    return artifactSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw new FailureError('LoadFailed', `${path} holds no artifact: ${String(error).slice(0, 300)}`, {
      cause: error,
    });
  }
}

async function readBundle(folder: string): Promise<ModelSource> {
  const path = join(folder, MANIFEST_FILE);
  const { size } = await stat(path);
  if (size > MAX_MANIFEST_BYTES) {
    throw new FailureError(
      'InvalidManifest',
      `${path} has ${size} bytes, at most ${MAX_MANIFEST_BYTES} are allowed; put reference and golden into files beside it`,
    );
  }
  const text = await readFile(path);
  const manifest = parseFile(path, text, manifestSchema);
  const digests = new Map([[MANIFEST_FILE, sha256(text)]]);
  for (const [name, expected] of Object.entries(manifest.files)) {
    digests.set(name, await verifyFile(join(folder, name), expected));
  }
  const part = async <T extends z.ZodType>(name: string | undefined, schema: T) =>
    name === undefined
      ? undefined
      : parseFile(join(folder, name), await readFile(join(folder, name)), schema);
  const entries = [...digests].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    manifest,
    golden: await part(manifest.golden, goldenSchemaOf(manifest)),
    reference: await part(manifest.reference, referenceSchema),
    graph: join(folder, manifest.graph),
    sha256: sha256(canonicalJson(entries)),
    files: new Map(entries.map(([name, digest]) => [digest, join(folder, name)])),
    fallbackName: basename(dirname(path)),
  };
}

async function verifyFile(path: string, expected: { sha256: string; size: number }): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new FailureError('InvalidManifest', `${MANIFEST_FILE} lists ${path}, which does not exist`);
  }
  if (found.size !== expected.size) {
    throw new FailureError(
      'DigestMismatch',
      `${path} has ${found.size} bytes, ${MANIFEST_FILE} says ${expected.size}; pull or write the bundle again`,
    );
  }
  const digest = await fileSha256(path);
  if (digest !== expected.sha256) {
    throw new FailureError(
      'DigestMismatch',
      `${path} has sha256 ${digest}, ${MANIFEST_FILE} says ${expected.sha256}; pull or write the bundle again`,
    );
  }
  return digest;
}

function parseFile<T extends z.ZodType>(path: string, bytes: Buffer, schema: T): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new FailureError('InvalidManifest', `${path} is not JSON: ${String(cause)}`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 5);
  const lines = issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`);
  throw new FailureError('InvalidManifest', `${path} is not valid: ${lines.join('; ')}`);
}

async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  const stream = createReadStream(path, { highWaterMark: 1024 * 1024 });
  for await (const chunk of stream as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}
