import type { FileHandle } from 'node:fs/promises';

const BUFFER_BYTES = 512 * 1024;

/** Writes what arrives from one position on, in pieces of half a megabyte: a call per network chunk would cost more. */
export class SegmentWriter {
  readonly #handle: FileHandle;
  #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #filled = 0;
  #flushed = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  begin(position: number): void {
    this.#filled = 0;
    this.#flushed = position;
  }

  /** The next byte that is wanted. */
  get position(): number {
    return this.#flushed + this.#filled;
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      const length = Math.min(chunk.length - at, BUFFER_BYTES - this.#filled);
      this.#buffer.set(chunk.subarray(at, at + length), this.#filled);
      this.#filled += length;
      at += length;
      if (this.#filled === BUFFER_BYTES) await this.flush();
    }
  }

  async flush(): Promise<void> {
    let from = 0;
    while (from < this.#filled) {
      const { bytesWritten } = await this.#handle.write(
        this.#buffer,
        from,
        this.#filled - from,
        this.#flushed,
      );
      from += bytesWritten;
      this.#flushed += bytesWritten;
    }
    this.#filled = 0;
  }
}
