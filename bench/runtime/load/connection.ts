import { connect, type Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const CLOSE = /\r\nconnection: *close/i;

export interface Answered {
  readonly status: number;
  /** The status line and the fields. */
  readonly head: string;
  /** Valid until the call returns. */
  readonly body: Buffer;
  /** The server closes the connection after it. */
  readonly last: boolean;
}

export interface ConnectionEvents {
  answered(connection: Connection, answer: Answered): void;
  /** The connection cannot be used any more; a request on it has no answer. */
  failed(connection: Connection, error: string): void;
}

/**
 * One kept-alive HTTP/1.1 connection that has at most one request on its way. Answers must say their content-length. A
 * read goes to a buffer of its own, which is used again, so that the client costs less than what it measures.
 */
export class Connection {
  /** Which request is on its way, since when it was due and when it was sent (performance.now()). */
  request = 0;
  startedMs = 0;
  sentMs = 0;
  busy = false;
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  /** What came of an answer that is longer than one read. */
  #chunks: Buffer[] = [];
  #size = 0;
  #wanted = 0;
  #ended = false;

  constructor(
    { host, port }: { readonly host: string; readonly port: number },
    events: ConnectionEvents,
    opened: (connection: Connection) => void,
  ) {
    this.#events = events;
    this.#socket = connect({
      port,
      host,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(65_536),
        callback: (length, buffer) => {
          this.#read(Buffer.from(buffer.buffer, buffer.byteOffset, length));
          return true;
        },
      },
    });
    this.#socket.on('connect', () => opened(this));
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the server closed the connection'));
  }

  send(bytes: Uint8Array): void {
    this.busy = true;
    this.#socket.write(bytes);
  }

  close(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    if (this.#chunks.length === 0 && this.#whole(bytes)) return;
    // `bytes` is overwritten by the next read.
    this.#chunks.push(Buffer.from(bytes));
    this.#size += bytes.length;
    if (this.#size < this.#wanted) return;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#size = 0;
    this.#wanted = 0;
    if (!this.#whole(all)) {
      this.#chunks = [all];
      this.#size = all.length;
    }
  }

  /** Answers if `bytes` hold a whole answer; otherwise notes how many are wanted. */
  #whole(bytes: Buffer): boolean {
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) return false;
    const head = bytes.toString('latin1', 0, end);
    const length = LENGTH.exec(head)?.[1];
    if (length === undefined) {
      this.#fail(`an answer without content-length: ${head.slice(0, 200)}`);
      return true;
    }
    this.#wanted = end + 4 + Number(length);
    if (bytes.length < this.#wanted) return false;
    if (bytes.length > this.#wanted) this.#fail('more bytes than the answer has');
    this.#wanted = 0;
    this.busy = false;
    const last = CLOSE.test(head);
    this.#events.answered(this, {
      status: Number(head.slice(9, 12)),
      head,
      body: bytes.subarray(end + 4),
      last,
    });
    if (last) this.#fail('');
    return true;
  }

  #fail(error: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    this.#events.failed(this, error);
  }
}
