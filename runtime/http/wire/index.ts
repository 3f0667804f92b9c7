import { Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { Caller } from '../caller.ts';
import { WireConnection } from './connection.ts';
import type { PlainHead } from './head.ts';

export interface WireOptions {
  /** A prediction's request, read by hand. */
  readonly onRequest: (caller: Caller, head: PlainHead) => void;
  /** A client has not read its answer for longer than it may: the connection is cut. */
  readonly onUnread: (url: string | undefined, bytes: number) => void;
}

/**
 * node:http's server, which sees a connection only once it says something that is not plain. Plain predictions, from
 * its first request on, are read and answered here at about half the cost: see docs/decisions/0019.
 */
export class WireServer extends Server {
  readonly #connections = new Map<Socket, WireConnection>();
  readonly #wire: WireOptions;
  /** When the answer that is unread was first seen so. */
  readonly #unreadSince = new Map<Socket, { readonly answers: number; readonly since: number }>();

  constructor(options: ServerOptions, wire: WireOptions) {
    super(options);
    this.#wire = wire;
    const timer = setInterval(() => this.#look(), Math.min(1000, this.requestTimeout / 2));
    timer.unref();
    this.once('close', () => clearInterval(timer));
  }

  /** To be called once everybody who listens to node:http's connections does. */
  takeConnections(): void {
    const forNode = this.listeners('connection');
    this.removeAllListeners('connection');
    this.on('connection', (socket: Socket) => {
      const connection = new WireConnection(socket, {
        onRequest: this.#wire.onRequest,
        handOver: () => {
          for (const listener of forNode) Reflect.apply(listener, this, [socket]);
        },
        // As node:http says it of its own connections.
        onBroken: (code) => void this.emit('clientError', Object.assign(new Error(code), { code }), socket),
        onClose: () => this.#forget(socket),
        keepAliveSeconds: Math.floor(this.keepAliveTimeout / 1000),
      });
      this.#connections.set(socket, connection);
    });
  }

  override closeIdleConnections(): void {
    super.closeIdleConnections();
    for (const [socket, { idle }] of this.#connections) if (idle) socket.destroy();
  }

  override closeAllConnections(): void {
    super.closeAllConnections();
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  #forget(socket: Socket): void {
    this.#connections.delete(socket);
    this.#unreadSince.delete(socket);
  }

  #look(): void {
    const now = performance.now();
    for (const [socket, connection] of this.#connections) {
      const { owed, waitingSince } = connection;
      const limitMs = owed === 'head' ? this.headersTimeout : this.requestTimeout;
      if (owed !== undefined && now - waitingSince > limitMs) {
        // A second look finds those that were told so and do not go.
        if (socket.writableEnded) socket.destroy();
        else connection.giveUp('ERR_HTTP_REQUEST_TIMEOUT');
      }
      if (connection.idle && owed === undefined && now - waitingSince > this.keepAliveTimeout)
        socket.destroy();
      this.#lookForUnread(socket, connection, now);
    }
  }

  #lookForUnread(socket: Socket, { answers, url }: WireConnection, now: number): void {
    const seen = this.#unreadSince.get(socket);
    if (socket.writableLength === 0) {
      if (seen !== undefined) this.#unreadSince.delete(socket);
    } else if (seen?.answers !== answers) {
      this.#unreadSince.set(socket, { answers, since: now });
    } else if (now - seen.since >= this.requestTimeout) {
      this.#wire.onUnread(url, socket.writableLength);
      socket.destroy();
    }
  }
}
