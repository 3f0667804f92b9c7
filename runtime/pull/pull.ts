import { readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Artifact, type ArtifactFile, artifactSchema, graphFile } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';
import { MANIFEST_FILE, manifestSchema } from '#contract/model-manifest.ts';
import type { Logger } from '#runtime/log.ts';
import { FileCache, hashFile } from './cache.ts';
import { downloadVerified } from './download.ts';
import { createLayout, type Layout } from './layout.ts';
import { removePart } from './part-file.ts';
import { peerSource } from './peer-source.ts';
import { Progress } from './progress.ts';
import { Chooser, CHOOSER_OPTIONS, type ChooserOptions, type Source } from './source.ts';

export interface PullRequest {
  readonly artifact: Artifact;
  readonly target: string;
  /** Where the artifact was found: `s3Source` or `mlflowSource`. */
  readonly origin: Source;
  readonly cache?: string;
  readonly peer?: string;
  readonly peerToken?: string;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly signal: AbortSignal;
  readonly chooser?: ChooserOptions;
  /** Segments of one file that are read at the same time. */
  readonly connections?: number;
  readonly segmentBytes?: number;
}

const CONNECTIONS = 4;
/** A peer is asked for so long for what S3 no longer has. */
const ELSEWHERE_MS = 10_000;

/** Brings every file of an artifact into the target, verified; what is there and right already is left. */
export async function pull(request: PullRequest): Promise<void> {
  const { artifact, log } = request;
  const layout = await createLayout(request.target);
  const progress = new Progress(log, artifact.size);
  const peers = request.peer === undefined ? [] : [peerSource(request.peer, request.peerToken)];
  const options = request.chooser ?? CHOOSER_OPTIONS;
  const chooser = new Chooser([request.origin, ...peers], options);
  const cache = request.cache === undefined ? undefined : new FileCache(request.cache);
  try {
    for (const file of artifact.files) {
      await pullFile(file, { ...request, layout, progress, chooser, cache, peers, options });
    }
    await rm(layout.partial, { recursive: true, force: true });
    log.info({ ...progress.summary(), sha256: artifact.sha256 }, 'the model is here, every file verified');
  } finally {
    progress.stop();
  }
}

interface FileRequest extends Pick<
  PullRequest,
  'log' | 'signal' | 'origin' | 'connections' | 'segmentBytes'
> {
  readonly layout: Layout;
  readonly progress: Progress;
  readonly chooser: Chooser;
  readonly options: ChooserOptions;
  readonly cache: FileCache | undefined;
  readonly peers: readonly Source[];
}

async function pullFile(file: ArtifactFile, request: FileRequest): Promise<void> {
  const { layout, progress, cache, log, peers, options } = request;
  const place = await layout.place(file.path);
  if (await isThere(place, file)) {
    progress.present(file.size);
    return;
  }
  const part = join(layout.partial, file.sha256);
  if (cache !== undefined && (await fromCache(cache, file, part, log))) {
    progress.present(file.size);
    await rename(part, place);
    return;
  }
  const elsewhere = () =>
    new Chooser(peers, { ...options, giveUpMs: Math.min(options.giveUpMs, ELSEWHERE_MS) });
  await downloadVerified(
    file,
    part,
    { ...request, connections: request.connections ?? (request.origin.oneAtATime ? 1 : CONNECTIONS) },
    peers.length === 0 ? undefined : elsewhere,
  );
  await rename(part, place);
  await removePart(part);
  await cache?.put(file, place).catch((error: unknown) => {
    log.warn(
      { file: file.path, error: String(error) },
      'the file could not be kept in the cache; the pod works without',
    );
  });
}

/** A container that starts again finds its files; they are hashed again, because nothing unverified is loaded. */
async function isThere(path: string, file: ArtifactFile): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.size !== file.size) return false;
  return (await hashFile(path)) === file.sha256;
}

async function fromCache(
  cache: FileCache,
  file: ArtifactFile,
  part: string,
  log: Pick<Logger, 'info' | 'warn'>,
): Promise<boolean> {
  try {
    const found = await cache.take(file, part);
    if (found) log.info({ file: file.path, bytes: file.size }, 'found in the cache, digest verified');
    return found;
  } catch (error) {
    log.warn({ file: file.path, error: String(error) }, 'the cache cannot be read; the file is downloaded');
    return false;
  }
}

/** Reads the artifact from the mounted annotation. */
export async function readArtifact(path: string): Promise<Artifact> {
  try {
    return artifactSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw new FailureError(
      'PullFailed',
      `${path} holds no artifact (${String(error).slice(0, 300)}). It is the pod annotation windlass.dev/artifact; delete the pod's Deployment, and the operator writes it again.`,
      { cause: error },
    );
  }
}

/** The graph's path in the target. */
export async function graphOf(artifact: Artifact, target: string): Promise<string> {
  if (artifact.format === 'onnx') return join(target, graphFile(artifact));
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(target, MANIFEST_FILE), 'utf8')));
  return join(target, manifest.graph);
}
