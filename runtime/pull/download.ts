import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactFile } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';
import { runCrew } from './crew.ts';
import { FollowingDigest } from './digest.ts';
import { PartFile, removePart } from './part-file.ts';
import type { Progress } from './progress.ts';
import { SegmentWriter } from './segment-writer.ts';
import type { Chooser } from './source.ts';

export interface Download {
  readonly chooser: Chooser;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Most parts of one file that are read at the same time. */
  readonly connections: number;
  readonly segmentBytes?: number;
}

/** Every so often one more connection is opened, while all together bring less than this in a second. */
const GROW_MS = 200;
const FAST_ENOUGH = 400e6;

/** Fills `path` with a file's bytes, going on where an earlier try ended. Gives the sha256 of what came. */
export async function download(
  file: ArtifactFile,
  path: string,
  options: Download,
): Promise<{ readonly sha256: string; readonly resumed: boolean }> {
  const part = await PartFile.open(path, file.size, options.segmentBytes);
  try {
    const sha256 = await fill(file, part, options);
    return { sha256, resumed: part.resumed };
  } finally {
    await part.close();
  }
}

async function fill(file: ArtifactFile, part: PartFile, options: Download): Promise<string> {
  const { chooser, progress, connections } = options;
  const digest = new FollowingDigest(part.handle);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const pending = [...part.missing()];
  progress.present(file.size - pending.reduce((sum, segment) => sum + part.bytesOf(segment), 0));

  const finished = async (segment: number) => {
    await part.finished(segment);
    await digest.advance(part.wholeUntil());
  };
  let received = 0;
  const worker = async () => {
    for (let run = takeRun(pending, connections); run.length > 0; run = takeRun(pending, connections)) {
      await readRun(file, run, { part, digest, chooser, signal, finished }, (bytes, source) => {
        received += bytes;
        progress.received(bytes, source);
      });
    }
  };
  await digest.advance(part.wholeUntil());
  const meter = speedometer(() => received);
  await runCrew(worker, {
    most: connections,
    shouldGrow: () => pending.length > 0 && meter() < FAST_ENOUGH,
    everyMs: GROW_MS,
    stop,
  });
  await digest.advance(part.wholeUntil());
  return digest.digest();
}

/** Takes segments that follow each other: fewer requests at first, and a fair share for each connection at the end. */
function takeRun(pending: number[], connections: number): readonly number[] {
  const most = Math.max(1, Math.floor(pending.length / connections));
  let length = 0;
  while (length < most && length < pending.length && pending[length] === (pending[0] ?? 0) + length)
    length += 1;
  return pending.splice(0, length);
}

/** Bytes a second since the last call. */
function speedometer(count: () => number): () => number {
  let [lastCount, lastAt] = [count(), performance.now()];
  return () => {
    const [now, at] = [count(), performance.now()];
    const speed = ((now - lastCount) * 1000) / Math.max(1, at - lastAt);
    [lastCount, lastAt] = [now, at];
    return speed;
  };
}

interface Filling {
  readonly part: PartFile;
  readonly digest: FollowingDigest;
  readonly chooser: Chooser;
  readonly signal: AbortSignal;
  readonly finished: (segment: number) => Promise<void>;
}

/** Reads one run of segments, from whichever source has them, on where the last one broke. */
async function readRun(
  file: ArtifactFile,
  run: readonly number[],
  { part, digest, chooser, signal, finished }: Filling,
  received: (bytes: number, source: string) => void,
): Promise<void> {
  const queue = [...run];
  const { end } = part.range(run.at(-1) ?? 0);
  const writer = new SegmentWriter(part.handle, part.range(run[0] ?? 0).start);
  while (writer.position < end) {
    const { source, waitMs, chosenAt } = chooser.choose();
    if (waitMs > 0) {
      await sleep(waitMs, undefined, { signal });
      continue;
    }
    try {
      for await (const chunk of source.read(file, writer.position, end, signal)) {
        const { position } = writer;
        const writing = writer.write(chunk);
        // The kernel takes the bytes in another thread meanwhile.
        digest.offer(position, chunk);
        await writing;
        chooser.succeeded(source);
        received(chunk.length, source.name);
        for (
          let next = queue[0];
          next !== undefined && part.range(next).end <= writer.position;
          next = queue[0]
        ) {
          await writer.flush();
          await finished(next);
          queue.shift();
        }
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof FailureError)) throw writeFailure(error, file);
      chooser.failed(source, error, chosenAt);
    }
  }
}

function writeFailure(error: unknown, file: ArtifactFile): FailureError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  const advice =
    code === 'ENOSPC' ? "Raise the volume's size limit, or free space on the node." : 'Check the volume.';
  return new FailureError(
    'PullFailed',
    `${file.path} (${file.size} bytes) cannot be written: ${code}. ${advice}`,
    { cause: error },
  );
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
