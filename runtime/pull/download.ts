import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactFile } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';
import { FollowingDigest } from './digest.ts';
import { PartFile, removePart } from './part-file.ts';
import type { Progress } from './progress.ts';
import type { Chooser } from './source.ts';
import { SegmentWriter } from './segment-writer.ts';

export interface Download {
  readonly chooser: Chooser;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Segments of one file that are read at the same time. */
  readonly connections: number;
}

/** Fills `path` with a file's bytes, in parallel segments, going on where an earlier try ended. Gives the sha256 of what came. */
export async function download(
  file: ArtifactFile,
  path: string,
  { chooser, progress, signal, connections }: Download,
): Promise<{ readonly sha256: string; readonly resumed: boolean }> {
  const part = await PartFile.open(path, file.size);
  const digest = new FollowingDigest(part.handle);
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  try {
    const pending = [...part.missing()];
    const missing = pending.reduce((sum, segment) => sum + size(part, segment), 0);
    progress.present(file.size - missing);
    let whole = 0;
    const follow = async () => {
      while (part.has(whole)) whole += 1;
      await digest.advance(Math.min(file.size, part.range(whole).start));
    };
    const worker = async () => {
      const writer = new SegmentWriter(part.handle);
      for (let segment = pending.shift(); segment !== undefined; segment = pending.shift()) {
        await readSegment(file, part.range(segment), writer, { chooser, progress, signal: both });
        await part.finished(segment);
        await follow();
      }
    };
    await follow();
    await allOrStop(Array.from({ length: Math.min(connections, pending.length) }, worker), stop);
    await follow();
    return { sha256: digest.digest(), resumed: part.resumed };
  } finally {
    await part.close();
  }
}

/**
 * Downloads until the digest is right. Bytes that an earlier container left behind are given up first; then, where S3 has
 * other bytes by now, `elsewhere` is asked (a pod of the same revision still has the right ones).
 */
export async function downloadVerified(
  file: ArtifactFile,
  path: string,
  options: Download,
  elsewhere?: () => Chooser,
): Promise<void> {
  let attempt = await download(file, path, options);
  if (attempt.sha256 !== file.sha256 && attempt.resumed) {
    await removePart(path);
    attempt = await download(file, path, options);
  }
  if (attempt.sha256 === file.sha256) return;
  await removePart(path);
  const mismatch = new FailureError(
    'DigestMismatch',
    `${file.path} came with the sha256 ${attempt.sha256}, and ${file.sha256} was checked. ` +
      'The object has changed since: upload a changed model under a new key, or apply the ModelDeployment again.',
  );
  if (elsewhere === undefined) throw mismatch;
  const second = await download(file, path, { ...options, chooser: elsewhere() }).catch((error: unknown) => {
    if (error instanceof FailureError) throw mismatch;
    throw error;
  });
  if (second.sha256 === file.sha256) return;
  await removePart(path);
  throw mismatch;
}

type Reading = Pick<Download, 'chooser' | 'progress' | 'signal'>;

async function readSegment(
  file: ArtifactFile,
  range: { readonly start: number; readonly end: number },
  writer: SegmentWriter,
  { chooser, progress, signal }: Reading,
): Promise<void> {
  writer.begin(range.start);
  while (writer.position < range.end) {
    const { source, waitMs, chosenAt } = chooser.choose();
    if (waitMs > 0) {
      await sleep(waitMs, undefined, { signal });
      continue;
    }
    try {
      for await (const chunk of source.read(file, writer.position, range.end, signal)) {
        await writer.write(chunk);
        chooser.succeeded(source);
        progress.received(chunk.length, source.name);
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof FailureError)) throw writeFailure(error, file);
      chooser.failed(source, error, chosenAt);
    }
  }
  await writer.flush();
}

function writeFailure(error: unknown, file: ArtifactFile): FailureError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  const advice =
    code === 'ENOSPC' ? "Raise the volume's size limit, or free space on the node." : 'Check the volume.';
  return new FailureError(
    'PullFailed',
    `${file.path} (${file.size} bytes) cannot be written: ${code}. ${advice}`,
    {
      cause: error,
    },
  );
}

/** Waits for all; the first failure stops the others, and is thrown when they have ended. */
async function allOrStop(work: readonly Promise<void>[], stop: AbortController): Promise<void> {
  const settled = Promise.allSettled(work);
  try {
    await Promise.all(work);
  } catch (error) {
    stop.abort(error);
    await settled;
    throw error;
  }
}

function size(part: PartFile, segment: number): number {
  const { start, end } = part.range(segment);
  return end - start;
}
