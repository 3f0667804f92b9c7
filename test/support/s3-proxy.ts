import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What happens to connections between a client and a store:
 * - pass: nothing; refuse: closed at once; stall: accepted, and never answered
 * - slowDown: every request is answered 503 SlowDown
 * - cut: the connection ends after `bytes` of an answer; throttle: an answer flows at `bytesPerSecond`
 */
export type Fault =
  | { readonly kind: 'pass' | 'refuse' | 'stall' | 'slowDown' }
  | { readonly kind: 'cut'; readonly bytes: number }
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number };

const SLOW_DOWN = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`;
const SLOW_DOWN_RESPONSE = `HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/xml\r\nContent-Length: ${SLOW_DOWN.length}\r\nConnection: close\r\n\r\n${SLOW_DOWN}`;

/** A TCP proxy in front of an S3 server. Signatures hold, since the Host header passes as it is. */
export class S3Proxy {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #target: { readonly host: string; readonly port: number };
  #fault: Fault = { kind: 'pass' };
  #cuts = 0;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = net.createServer((client) => this.#connect(client));
  }

  static async start(target: { readonly host: string; readonly port: number }): Promise<S3Proxy> {
    const proxy = new S3Proxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, target.host, resolve));
    return proxy;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return `http://${this.#target.host}:${address.port}`;
  }

  /** How many answers have been cut in the middle. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Applies to new connections; those that are open are ended, so that the fault is seen at once. */
  setFault(fault: Fault): void {
    this.#fault = fault;
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connect(client: net.Socket): void {
    const fault = this.#fault;
    this.#track(client);
    if (fault.kind === 'refuse') client.resetAndDestroy();
    else if (fault.kind === 'slowDown') client.once('data', () => client.end(SLOW_DOWN_RESPONSE));
    else if (fault.kind !== 'stall') this.#forward(client, fault);
  }

  #forward(client: net.Socket, fault: Fault): void {
    const store = net.connect(this.#target.port, this.#target.host);
    this.#track(store);
    const end = () => {
      client.destroy();
      store.destroy();
    };
    client.on('close', end);
    store.on('close', end);
    client.pipe(store);
    if (fault.kind === 'cut') this.#cutAfter(store, client, fault.bytes);
    else if (fault.kind === 'throttle') void throttle(store, client, fault.bytesPerSecond);
    else store.pipe(client);
  }

  #cutAfter(store: net.Socket, client: net.Socket, bytes: number): void {
    let left = bytes;
    store.on('data', (chunk: Buffer) => {
      client.write(chunk.subarray(0, left));
      left -= chunk.byteLength;
      if (left > 0) return;
      this.#cuts += 1;
      client.end(() => client.destroy());
      store.destroy();
    });
  }

  #track(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

async function throttle(from: net.Socket, to: net.Socket, bytesPerSecond: number): Promise<void> {
  const slice = Math.max(1, Math.floor(bytesPerSecond / 20));
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let offset = 0; offset < chunk.byteLength; offset += slice) {
        to.write(chunk.subarray(offset, offset + slice));
        await sleep(50);
      }
    }
  } catch {
    // one side went away; the other is destroyed with it
  }
  to.end();
}
