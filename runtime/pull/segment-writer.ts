import type { FileHandle } from 'node:fs/promises';

const BUFFER_BYTES = 512 * 1024;
/** What is at least so long is written as it is; the pieces of TLS have 16 KiB, and a call for each would cost more. */
const DIRECT_BYTES = 96 * 1024;

/** Writes what arrives from one position on, in large pieces. */
export class SegmentWriter {
  readonly #handle: FileHandle;
  #buffer: Buffer | undefined;
  #filled = 0;
  #flushed: number;

  constructor(handle: FileHandle, position: number) {
    this.#handle = handle;
    this.#flushed = position;
  }

  /** The next byte that is wanted. */
  get position(): number {
    return this.#flushed + this.#filled;
  }

  /** When it is over, the chunk's memory may be used again. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#filled === 0 && chunk.length >= DIRECT_BYTES) {
      await this.#writeAll(chunk);
      return;
    }
    this.#buffer ??= Buffer.allocUnsafeSlow(BUFFER_BYTES);
    for (let at = 0; at < chunk.length;) {
      const length = Math.min(chunk.length - at, BUFFER_BYTES - this.#filled);
      this.#buffer.set(chunk.subarray(at, at + length), this.#filled);
      this.#filled += length;
      at += length;
      if (this.#filled === BUFFER_BYTES) await this.flush();
    }
  }

  async flush(): Promise<void> {
    const bytes = this.#buffer?.subarray(0, this.#filled);
    this.#filled = 0;
    if (bytes !== undefined) await this.#writeAll(bytes);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, from, bytes.length - from, this.#flushed);
      from += bytesWritten;
      this.#flushed += bytesWritten;
    }
  }
}
