import { Readable } from 'node:stream';
import { coded, type Receiver, type SocketConnection } from './connection.ts';
import type { ByteBody } from './pieces.ts';

/**
 * The body of an answer. `pieces` gives it without copying; reading it as a stream, as the AWS SDK does with the bodies
 * of errors, copies each piece.
 */
export class SocketBody extends Readable implements Receiver, ByteBody {
  readonly #connection: SocketConnection;
  readonly #done: (reusable: boolean) => void;
  #left: number;
  #released = false;
  #waiting: ((bytes: Buffer | Error) => void) | undefined;
  #ready: Buffer | undefined;
  #error: Error | undefined;
  #iterator: AsyncGenerator<Buffer, void, undefined> | undefined;

  /** `first` are bytes that came together with the head; `done` is called once, when the connection is free again. */
  constructor(
    connection: SocketConnection,
    length: number,
    first: Buffer,
    done: (reusable: boolean) => void,
  ) {
    super();
    this.#connection = connection;
    this.#left = length;
    this.#done = done;
    if (length === 0) this.#release(first.length === 0);
    else if (first.length > 0) this.#ready = first;
  }

  /** Each piece is good until the next one is asked for. Throws when the connection ends early. */
  async *pieces(): AsyncGenerator<Buffer, void, undefined> {
    try {
      while (this.#left > 0) {
        const bytes = await this.#next();
        if (bytes.length > this.#left) throw coded('HPE_UNEXPECTED', 'the answer is longer than it said');
        this.#left -= bytes.length;
        yield bytes;
      }
    } finally {
      if (this.#left === 0) this.#release(true);
    }
  }

  get isComplete(): boolean {
    return this.#left === 0;
  }

  /** Ends the connection in the middle; whoever waits for bytes gets the error. */
  giveUp(error: Error): void {
    this.lost(error);
    this.destroy();
  }

  data(bytes: Buffer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#ready = bytes;
    else waiting(bytes);
  }

  lost(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#error ??= error;
    waiting?.(error);
  }

  override _read(): void {
    this.#iterator ??= this.pieces();
    this.#iterator.next().then(
      (result) => this.push(result.done === true ? null : Buffer.from(result.value)),
      (error: Error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#left > 0) {
      this.lost(error ?? coded('ECONNRESET', 'the body was given up'));
      this.#release(false);
    }
    callback(error);
  }

  /** Only the last piece's reader frees the connection: its buffer is used again by the next request. */
  #release(reusable: boolean): void {
    if (this.#released) return;
    this.#released = true;
    this.#done(reusable);
  }

  async #next(): Promise<Buffer> {
    const { promise, resolve } = Promise.withResolvers<Buffer | Error>();
    const ready = this.#ready ?? this.#error;
    this.#ready = undefined;
    if (ready === undefined) {
      this.#waiting = resolve;
      this.#connection.resume();
    } else resolve(ready);
    const bytes = await promise;
    if (bytes instanceof Error) throw bytes;
    return bytes;
  }
}

/** A body of node:http's (an answer without a length) has no pieces of its own. */
export function bodyOf(stream: Readable): ByteBody {
  if (stream instanceof SocketBody) return stream;
  return {
    pieces: () => stream as AsyncIterable<Buffer>,
    get isComplete() {
      return stream.readableEnded;
    },
    giveUp: (error) => void stream.on('error', () => undefined).destroy(error),
  };
}
