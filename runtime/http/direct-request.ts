import { IncomingMessage } from 'node:http';

export interface BodySink {
  chunk(bytes: Buffer): void;
  end(): void;
}

/**
 * A request whose body may go straight from the parser to its reader. node:http hands a body to a stream, whose buffer,
 * events and turns of the event loop cost more than a small body's prediction.
 */
export class DirectRequest extends IncomingMessage {
  #sink: BodySink | undefined;
  #ended = false;

  static {
    // Node forgets a request once its stream has ended, which for a direct body is never.
    Object.defineProperty(this.prototype, 'readableEnded', {
      get(this: DirectRequest): boolean {
        return this.#ended || Reflect.get(IncomingMessage.prototype, 'readableEnded', this);
      },
    });
  }

  /** To be called before the event loop turns: what came earlier is in the stream. */
  readDirectly(sink: BodySink): void {
    this.#sink = sink;
    // Whoever reads a body says so like this; otherwise node:http would read it to throw it away.
    this._read(0);
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    const sink = this.#sink;
    if (sink === undefined) return super.push(chunk, encoding);
    if (chunk === null) {
      this.#ended = true;
      sink.end();
    } else sink.chunk(chunk);
    return true;
  }
}
