import { connect as connectPlain, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';

export interface Target {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly lookup: LookupFunction;
  readonly connectTimeoutMs: number;
  readonly bufferBytes: number;
  readonly secureContext?: SecureContext;
}

/** Receives what arrives, in a buffer that is used again for the next piece. */
export interface Receiver {
  data(bytes: Buffer): void;
  /** The connection is over, before or after everything came. */
  lost(error: Error): void;
}

const IDLE_MS = 30_000;

/**
 * A kept-alive connection that reads into one buffer of its own and stops after each piece until `resume`. Streams of
 * node:http make a new buffer for each piece: with gigabytes that costs four times the CPU and 80 MB of memory.
 */
export class SocketConnection {
  readonly #socket: Socket;
  #receiver: Receiver | undefined;
  #closed = false;
  /** `resume` was called since the last piece came, perhaps while it was being handed over. */
  #wanted = false;

  constructor(target: Target) {
    const { host, port, lookup, connectTimeoutMs, bufferBytes } = target;
    const options = {
      host,
      port,
      lookup,
      onread: { buffer: Buffer.allocUnsafeSlow(bufferBytes), callback: this.#onRead },
    };
    const { secureContext } = target;
    this.#socket = target.secure
      ? connectTls({
          ...options,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ...(secureContext === undefined ? {} : { secureContext }),
        })
      : connectPlain(options);
    this.#socket.setNoDelay(true);
    this.#socket.setTimeout(connectTimeoutMs);
    this.#socket.once(target.secure ? 'secureConnect' : 'connect', () => this.#socket.setTimeout(0));
    this.#socket.on('timeout', () => this.#socket.destroy(coded('ETIMEDOUT', 'the connection timed out')));
    this.#socket.on('error', (error) => this.#close(error));
    this.#socket.on('close', () => this.#close(coded('ECONNRESET', 'the connection was closed')));
    this.#socket.on('end', () => this.#close(coded('ECONNRESET', 'the connection was ended')));
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  /** Sends a request's head; the receiver gets what comes, one piece for each `resume`. */
  send(head: string, receiver: Receiver): void {
    this.#receiver = receiver;
    this.#socket.ref();
    this.#socket.setTimeout(this.#socket.connecting ? (this.#socket.timeout ?? 0) : 0);
    this.#socket.write(head, 'latin1');
    this.resume();
  }

  resume(): void {
    this.#wanted = true;
    this.#socket.resume();
  }

  /** The answer is complete: whatever comes now ends the connection. */
  idle(): void {
    this.#receiver = undefined;
    this.#socket.setTimeout(IDLE_MS);
    this.#socket.unref();
    this.resume();
  }

  destroy(): void {
    this.#receiver = undefined;
    this.#socket.destroy();
  }

  // The callback's value says whether to go on reading.
  readonly #onRead = (length: number, buffer: Uint8Array): boolean => {
    this.#wanted = false;
    if (this.#receiver === undefined) this.#socket.destroy();
    else this.#receiver.data(Buffer.from(buffer.buffer, buffer.byteOffset, length));
    return this.#wanted;
  };

  #close(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#receiver?.lost(error);
    this.#receiver = undefined;
  }
}

export function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
