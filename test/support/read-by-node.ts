import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

/** What node:http makes of the bytes of a connection. */
export interface Reading {
  readonly requests: readonly ReadRequest[];
  /** The code of what it refused, if it did. */
  readonly refused: string | undefined;
}

/** A request that was read to its end. */
export interface ReadRequest {
  readonly method: string;
  readonly url: string;
  /** Names, and behind each its value, as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** Turns of the event loop that node:http needs to read what a connection gives at once. */
const TURNS = 4;

/** node:http as the oracle of how bytes are read, one connection at a time; nothing listens. */
export class NodeReader {
  readonly #server = createServer({ requireHostHeader: false });
  #requests: ReadRequest[] = [];
  #refused: string | undefined;

  constructor() {
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      const requests = this.#requests;
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', rawHeaders } = request;
        requests.push({ method, url, rawHeaders, body: Buffer.concat(chunks) });
      });
      request.on('error', () => undefined);
      response.end();
    };
    this.#server.on('request', onRequest).on('checkContinue', onRequest).on('checkExpectation', onRequest);
    this.#server.on('clientError', (error: Error & { readonly code?: string }) => {
      this.#refused = error.code ?? error.message;
    });
  }

  async read(bytes: Uint8Array): Promise<Reading> {
    this.#requests = [];
    this.#refused = undefined;
    const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    socket.on('error', () => undefined);
    this.#server.emit('connection', socket);
    socket.push(bytes);
    for (let turns = 0; turns < TURNS; turns++) await turn();
    const reading = { requests: this.#requests, refused: this.#refused };
    socket.destroy();
    return reading;
  }
}
