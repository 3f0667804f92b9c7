import type { Socket } from 'node:net';
import type { BodyReader } from '../body.ts';
import type { Caller } from '../caller.ts';
import { compressed, type Reply } from '../respond.ts';
import { wireAnswer } from './answer.ts';
import { readHead, type PlainHead } from './head.ts';

export interface WireHooks {
  /** A prediction's request has arrived in full. */
  readonly onRequest: (caller: Caller, head: PlainHead) => void;
  /** The connection says something that is not plain: node:http goes on with it, and reads it from its beginning. */
  readonly handOver: () => void;
  /** The connection ends in the middle of a request, for node:http's reason of that code. */
  readonly onBroken: (code: 'HPE_INVALID_EOF_STATE' | 'ERR_HTTP_REQUEST_TIMEOUT') => void;
  readonly onClose: () => void;
  readonly keepAliveSeconds: number;
}

/** A request that comes in more pieces is node:http's: each piece is copied again with what came before. */
const MOST_PIECES = 8;
/** So long after a client has ended its side, its request may still begin to run. */
const PATIENCE_MS = 100;

/**
 * A connection whose requests are read by hand as long as they are plain, one after another. Bytes that come while one
 * is answered wait, and the socket with them; so they do while the client does not read its answers.
 */
export class WireConnection {
  readonly #socket: Socket;
  readonly #hooks: WireHooks;
  /** The request that is being answered. */
  #current: WireCaller | undefined;
  /** Read and not understood yet: a part of a request, or what came behind one that is being answered. */
  #pending: Buffer | undefined;
  #pieces = 0;
  #owed: 'head' | 'body' | undefined = 'head';
  #handedOver = false;
  /** Since when the client sends nothing more. */
  #endedAt: number | undefined;
  /** Since when the connection waits for its client to go on, by performance.now(). */
  waitingSince = performance.now();
  /** How many requests were answered. */
  answers = 0;
  /** What was asked last. */
  url: string | undefined;

  constructor(socket: Socket, hooks: WireHooks) {
    this.#socket = socket;
    this.#hooks = hooks;
    socket.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** The client has ended its side a while ago: it has given up, or will read what is soon answered. */
  get left(): boolean {
    return (
      this.#socket.destroyed ||
      (this.#endedAt !== undefined && performance.now() - this.#endedAt > PATIENCE_MS)
    );
  }

  get #ended(): boolean {
    return this.#endedAt !== undefined;
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** No request is on its way, and no answer. */
  get idle(): boolean {
    return this.#current === undefined && this.#pending === undefined && this.#socket.writableLength === 0;
  }

  /** What the client is late with: its first request, or the rest of one. */
  get owed(): 'head' | 'body' | undefined {
    return this.#owed;
  }

  /** Answers what is no whole request, and listens no longer. */
  giveUp(code: 'HPE_INVALID_EOF_STATE' | 'ERR_HTTP_REQUEST_TIMEOUT'): void {
    this.#socket.off('data', this.#onData).resume();
    this.#hooks.onBroken(code);
  }

  readonly #onData = (chunk: Buffer): void => {
    const bytes = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = undefined;
    if (this.#current === undefined) return this.#read(bytes);
    this.#pending = bytes;
    this.#socket.pause();
  };

  #read(bytes: Buffer): void {
    const head = readHead(bytes);
    if (head === undefined) return this.#handOver(bytes);
    if (head === 'partial') return this.#wait('head', bytes);
    const end = head.bytes + head.contentLength;
    if (bytes.length < end) return this.#wait('body', bytes);
    // A body's memory may be given back once it is answered: what follows it is kept elsewhere.
    this.#pending = bytes.length > end ? Buffer.from(bytes.subarray(end)) : undefined;
    this.#pieces = 0;
    this.#owed = undefined;
    const caller = new WireCaller(this, head, bytes.subarray(head.bytes, end));
    this.#current = caller;
    this.#hooks.onRequest(caller, head);
  }

  #wait(owed: 'head' | 'body', bytes: Buffer): void {
    if (++this.#pieces > MOST_PIECES) return this.#handOver(bytes);
    if (this.#pieces === 1) this.waitingSince = performance.now();
    this.#owed = owed;
    this.#pending = bytes;
    if (this.#ended) this.giveUp('HPE_INVALID_EOF_STATE');
  }

  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    // node:http would wait for an end that has been.
    if (this.#ended) return this.giveUp('HPE_INVALID_EOF_STATE');
    socket.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError);
    socket.off('close', this.#onClose);
    this.#handedOver = true;
    this.#hooks.onClose();
    socket.unshift(bytes);
    this.#hooks.handOver();
  }

  /** Writes the answer to the current request, and goes on with the next. */
  write(reply: Reply): void {
    const socket = this.#socket;
    const current = this.#current;
    const close = reply.close === true || (this.#ended && this.#pending === undefined);
    const answer = wireAnswer(close ? { ...reply, close } : reply, this.#hooks.keepAliveSeconds);
    this.#current = undefined;
    this.waitingSince = performance.now();
    this.answers++;
    this.url = current?.url;
    if (typeof answer === 'string') socket.write(answer, 'latin1');
    else {
      // Corked, all parts leave in one system call.
      socket.cork();
      for (const part of answer) if (part.length > 0) socket.write(part);
      socket.uncork();
    }
    if (close) {
      socket.off('data', this.#onData);
      socket.destroySoon();
    } else if (socket.writableNeedDrain) {
      socket.pause();
      socket.once('drain', this.#next);
    } else if (this.#pending !== undefined) {
      setImmediate(this.#next);
    }
  }

  readonly #next = (): void => {
    const bytes = this.#pending;
    // Bytes that came in the meantime may have gone on with the connection already.
    if (this.#handedOver || this.#socket.destroyed || this.#current !== undefined) return;
    this.#socket.resume();
    if (bytes === undefined) return this.#ended ? void this.#socket.end() : undefined;
    this.#pending = undefined;
    this.#read(bytes);
  };

  readonly #onEnd = (): void => {
    this.#endedAt = performance.now();
    if (this.#pending !== undefined && this.#owed !== undefined) this.giveUp('HPE_INVALID_EOF_STATE');
    // An answer on its way is still given, and the connection ends with it.
    else if (this.idle) this.#socket.end();
  };

  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#current?.over();
    this.#hooks.onClose();
  };
}

class WireCaller implements Caller {
  readonly method = 'POST';
  readonly head: PlainHead;
  readonly #connection: WireConnection;
  readonly #body: Buffer;
  #listeners: (() => void)[] | undefined;

  constructor(connection: WireConnection, head: PlainHead, body: Buffer) {
    this.#connection = connection;
    this.head = head;
    this.#body = body;
  }

  get url(): string {
    return this.head.url;
  }
  get headers(): Readonly<Record<string, string>> {
    return this.head.headers;
  }
  get connection(): object {
    return this.#connection;
  }
  get gone(): boolean {
    return this.#connection.socket.destroyed;
  }
  get left(): boolean {
    return this.#connection.left;
  }
  goOn(): void {
    // Who asked for it is no plain request.
  }
  readBody(_limit: number, { done }: BodyReader): void {
    done(this.#body);
  }
  onceOver(listener: () => void): void {
    (this.#listeners ??= []).push(listener);
  }
  over(): void {
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) listener();
  }
  answer(reply: Reply): void {
    const accepted = this.head.headers['accept-encoding'];
    if (accepted === undefined) return this.refuse(reply);
    compressed(reply, accepted, (smaller) => {
      if (!this.gone) this.refuse(smaller);
    });
  }
  /** The body has been read in any case. */
  refuse(reply: Reply): void {
    this.#connection.write(reply);
    this.over();
  }
  sendEarly(reply: Reply): void {
    this.refuse({ ...reply, close: true });
  }
  destroy(): void {
    this.#connection.socket.destroy();
  }
}
