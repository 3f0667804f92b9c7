import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

const PIECE_BYTES = 1024 * 1024;

/**
 * Hashes a file in order while it is being filled. Bytes that arrive in order are hashed as they pass; what came ahead of
 * its turn is read back from the page cache. Memory stays at one piece whatever the file's size.
 */
export class FollowingDigest {
  readonly #hash: Hash = createHash('sha256');
  readonly #handle: FileHandle;
  #piece: Buffer | undefined;
  #position = 0;
  #reading = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Bytes on their way to the file: taken if it is their turn. */
  offer(position: number, bytes: Uint8Array): void {
    if (this.#reading > 0 || position !== this.#position) return;
    this.#hash.update(bytes);
    this.#position += bytes.length;
  }

  /** Hashes what the file holds up to here; calls are carried out one after the other. */
  async advance(to: number): Promise<void> {
    if (this.#reading === 0 && to <= this.#position) return;
    this.#reading += 1;
    this.#running = this.#running.then(() => this.#read(to));
    try {
      await this.#running;
    } finally {
      this.#reading -= 1;
    }
  }

  digest(): string {
    return this.#hash.digest('hex');
  }

  async #read(to: number): Promise<void> {
    this.#piece ??= Buffer.allocUnsafeSlow(PIECE_BYTES);
    while (this.#position < to) {
      const length = Math.min(PIECE_BYTES, to - this.#position);
      const { bytesRead } = await this.#handle.read(this.#piece, 0, length, this.#position);
      if (bytesRead === 0) return;
      this.#hash.update(this.#piece.subarray(0, bytesRead));
      this.#position += bytesRead;
    }
  }
}
