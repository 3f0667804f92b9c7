import { constants } from 'node:fs';
import { appendFile, type FileHandle, open, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatBytes } from '#artifact/index.ts';
import { FailureError } from '#contract/failure.ts';

/** Bytes that are asked for at once; small enough that a broken connection costs little, large enough to be fast. */
export const SEGMENT_BYTES = 16 * 1024 * 1024;

/**
 * A file that is being filled in segments, and a journal beside it of those that are whole: a container that starts
 * again goes on where the last one ended. What the journal claims is believed only after the digest.
 */
export class PartFile {
  readonly path: string;
  readonly size: number;
  readonly handle: FileHandle;
  /** Some segments were there already. */
  readonly resumed: boolean;
  readonly #segmentBytes: number;
  readonly #done: Set<number>;
  #whole = 0;

  private constructor(
    path: string,
    size: number,
    segmentBytes: number,
    handle: FileHandle,
    done: Set<number>,
  ) {
    this.path = path;
    this.size = size;
    this.handle = handle;
    this.#segmentBytes = segmentBytes;
    this.#done = done;
    this.resumed = done.size > 0;
  }

  static async open(path: string, size: number, segmentBytes = SEGMENT_BYTES): Promise<PartFile> {
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
    const handle = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o644);
    const stats = await handle.stat();
    const done = stats.size === size ? await readJournal(journalOf(path), segmentBytes) : new Set<number>();
    if (done.size === 0) {
      await writeFile(journalOf(path), `${segmentBytes}\n`);
      await handle.truncate(0);
      await checkSpace(path, size);
    }
    await handle.truncate(size);
    return new PartFile(path, size, segmentBytes, handle, done);
  }

  /** Segments that are still missing, in order. */
  missing(): readonly number[] {
    const count = Math.ceil(this.size / this.#segmentBytes);
    return Array.from({ length: count }, (_, index) => index).filter((index) => !this.#done.has(index));
  }

  /** Up to here every byte is there. */
  wholeUntil(): number {
    while (this.#done.has(this.#whole)) this.#whole += 1;
    return Math.min(this.size, this.#whole * this.#segmentBytes);
  }

  bytesOf(segment: number): number {
    const { start, end } = this.range(segment);
    return end - start;
  }

  range(segment: number): { readonly start: number; readonly end: number } {
    const start = segment * this.#segmentBytes;
    return { start, end: Math.min(this.size, start + this.#segmentBytes) };
  }

  async finished(segment: number): Promise<void> {
    this.#done.add(segment);
    await appendFile(journalOf(this.path), `${segment}\n`);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** Removes a part file and its journal. */
export async function removePart(path: string): Promise<void> {
  await Promise.all([rm(path, { force: true }), rm(journalOf(path), { force: true })]);
}

const journalOf = (path: string): string => `${path}.segments`;

/** Its first line is the size of its segments: another release may have another. */
async function readJournal(path: string, segmentBytes: number): Promise<Set<number>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  // A line without its end was being written when the container died.
  const [head, ...segments] = text.split('\n').slice(0, -1).map(Number);
  return new Set(head === segmentBytes ? segments.filter((segment) => Number.isInteger(segment)) : []);
}

/** Says so before hours of downloading, and not after. */
async function checkSpace(path: string, size: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize >= size) return;
  throw new FailureError(
    'PullFailed',
    `The volume of ${dirname(dirname(path))} has ${formatBytes(bavail * bsize)} free, and the file needs ${formatBytes(size)}. ` +
      "Raise the volume's size limit, or free space on the node.",
  );
}
