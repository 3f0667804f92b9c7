import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { errorStatuses, statusObject, type ErrorStatus } from './fault-answers.ts';

export interface ApiServer {
  readonly server: string;
  /** PEM text. */
  readonly ca: string;
  readonly adminToken: string;
}

/** What goes wrong between a client and the API server. Absent: nothing does. */
export interface Faults {
  /** Connections are refused, and the open ones end. */
  readonly away?: boolean;
  /** Connections stay, and nothing comes through any more: of watches alone, or of everything. */
  readonly silent?: 'watches' | 'everything';
  /** Every open watch is cut at this interval. */
  readonly cutWatchesEveryMs?: number;
  /** The share of answers, 0 to 1, that are an error; of 500 and 503 every other one has been carried out all the same. */
  readonly errorRate?: number;
  readonly errorStatuses?: readonly ErrorStatus[];
  /** Errors befall only requests whose `METHOD /path?query` matches. */
  readonly errorsMatching?: RegExp;
  /** Answers come so much later. */
  readonly delayMs?: number;
}

export interface FaultCounts {
  readonly requests: number;
  readonly errors: number;
  readonly cuts: number;
  readonly injected: number;
}

interface OpenWatch {
  readonly from: IncomingMessage;
  readonly to: ServerResponse;
}

/** A plain HTTP proxy before a real API server that does to its answers what networks and busy servers do. */
export class FaultProxy {
  readonly #target: ApiServer;
  readonly #agent: Agent;
  readonly #server = createServer((incoming, outgoing) => void this.#handle(incoming, outgoing));
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<OpenWatch>();
  readonly #random: () => number;
  readonly #counts = { requests: 0, errors: 0, cuts: 0, injected: 0 };
  #faults: Faults = {};
  #cutting: NodeJS.Timeout | undefined;
  #port = 0;

  private constructor(target: ApiServer, random: () => number) {
    this.#target = target;
    this.#random = random;
    this.#agent = new Agent({ keepAlive: true, ca: target.ca });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(target: ApiServer, random: () => number = Math.random): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, random);
    await proxy.#listen();
    return proxy;
  }

  get server(): string {
    return `http://127.0.0.1:${String(this.#port)}`;
  }

  get counts(): FaultCounts {
    return { ...this.#counts };
  }

  /** Requests of watches that are open now. */
  get openWatches(): readonly string[] {
    return Array.from(this.#watches, (watch) => watch.to.req.url ?? '');
  }

  /** A kubeconfig that leads through the proxy, as the administrator. */
  async writeKubeconfig(path: string): Promise<void> {
    const name = 'faults';
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster: { server: this.server, 'insecure-skip-tls-verify': true } }],
      users: [{ name, user: { token: this.#target.adminToken } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    };
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  }

  /** Replaces all faults; connections that are open feel it at once. */
  async setFaults(faults: Faults): Promise<void> {
    const wasAway = this.#faults.away === true;
    this.#faults = faults;
    clearInterval(this.#cutting);
    if (faults.cutWatchesEveryMs !== undefined) {
      this.#cutting = setInterval(() => this.cutWatches(), faults.cutWatchesEveryMs);
    }
    for (const { from } of this.#watches) {
      if (faults.silent === undefined) from.resume();
      else from.pause();
    }
    if (faults.away === true && !wasAway) await this.#leave();
    if (faults.away !== true && wasAway) await this.#listen();
  }

  cutWatches(): void {
    for (const { to } of this.#watches) {
      this.#counts.cuts += 1;
      to.destroy();
    }
  }

  /** Puts an ERROR event into every open watch, as an API server does that cannot go on from a version. */
  injectErrorEvent(code: number, reason: string, message: string): void {
    const event = { type: 'ERROR', object: statusObject(code, reason, message) };
    for (const { to } of this.#watches) {
      this.#counts.injected += 1;
      to.write(`${JSON.stringify(event)}\n`);
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#cutting);
    if (this.#server.listening) await this.#leave();
    this.#agent.destroy();
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #leave(): Promise<void> {
    const closed = new Promise((resolve) => void this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    this.#counts.requests += 1;
    const faults = this.#faults;
    outgoing.on('error', () => undefined);
    if (faults.silent === 'everything') return;
    const failure = this.#drawFailure(`${incoming.method ?? ''} ${incoming.url ?? ''}`);
    const carriedOut = failure === undefined || (failure.status >= 500 && this.#random() < 0.5);
    if (faults.delayMs !== undefined)
      await new Promise((resolve) => void setTimeout(resolve, faults.delayMs));
    if (carriedOut) this.#forward(incoming, outgoing, failure);
    else {
      incoming.resume();
      incoming.once('end', () => refuse(outgoing, failure));
    }
  }

  #drawFailure(what: string): ErrorStatus | undefined {
    const { errorRate = 0, errorStatuses: among = errorStatuses, errorsMatching } = this.#faults;
    if (errorsMatching?.test(what) === false || this.#random() >= errorRate) return undefined;
    this.#counts.errors += 1;
    return among[Math.floor(this.#random() * among.length)];
  }

  #forward(incoming: IncomingMessage, outgoing: ServerResponse, failure: ErrorStatus | undefined): void {
    const { host: _, ...headers } = incoming.headers;
    const url = new URL(incoming.url ?? '/', this.#target.server);
    const onward = request(url, { method: incoming.method, headers, agent: this.#agent });
    incoming.pipe(onward);
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    onward.on('response', (answer) => {
      answer.on('error', () => outgoing.destroy());
      if (failure !== undefined) {
        answer.destroy();
        refuse(outgoing, failure);
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
      if (url.searchParams.has('watch')) this.#followWatch({ from: answer, to: outgoing });
    });
  }

  #followWatch(watch: OpenWatch): void {
    this.#watches.add(watch);
    watch.to.once('close', () => this.#watches.delete(watch));
    if (this.#faults.silent !== undefined) watch.from.pause();
  }
}

function refuse(outgoing: ServerResponse, { status, reason, retryAfter }: ErrorStatus): void {
  const headers = {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  };
  outgoing.writeHead(status, headers);
  outgoing.end(JSON.stringify(statusObject(status, reason, `injected: ${reason}`)));
}
