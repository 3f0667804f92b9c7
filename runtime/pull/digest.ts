import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

const PIECE_BYTES = 1024 * 1024;

/**
 * Hashes a file in order while it is still being filled, in the wake of the segments that are whole. What it reads was
 * written a moment ago and comes from the page cache, so memory stays at one piece whatever the file's size.
 */
export class FollowingDigest {
  readonly #hash: Hash = createHash('sha256');
  readonly #handle: FileHandle;
  readonly #piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  #position = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Hashes up to here; calls are carried out one after the other. */
  advance(to: number): Promise<void> {
    this.#running = this.#running.then(() => this.#read(to));
    return this.#running;
  }

  digest(): string {
    return this.#hash.digest('hex');
  }

  async #read(to: number): Promise<void> {
    while (this.#position < to) {
      const length = Math.min(PIECE_BYTES, to - this.#position);
      const { bytesRead } = await this.#handle.read(this.#piece, 0, length, this.#position);
      if (bytesRead === 0) return;
      this.#hash.update(this.#piece.subarray(0, bytesRead));
      this.#position += bytesRead;
    }
  }
}
