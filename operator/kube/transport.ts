import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ClusterAccess, Credentials } from './access.ts';
import { connectionError, KubeError } from './errors.ts';

export interface HttpCall {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Hears of every call's end; `code` is the HTTP status, or `<error>` where no answer came. */
export type CallObserver = (call: { method: string; code: string; seconds: number }) => void;

export interface TransportOptions {
  readonly userAgent: string;
  /** Connections for calls; watches have one each beside them. */
  readonly maxSockets?: number;
  readonly onCall?: CallObserver;
  /** Called before every call that writes; throws where this process may not write (any more). */
  readonly fence?: () => void;
}

const DEFAULT_TIMEOUT_MS = 15_000;
/** The API server drops an idle connection after 90 s; we are first, so that no call meets a closing one. */
const IDLE_SOCKET_MS = 45_000;
/** With the kernel's ten probes a second apart, a dead peer is noticed after 25 s. */
const TCP_KEEPALIVE_MS = 15_000;
const CREDENTIALS_FRESH_MS = 10_000;

interface Agents {
  readonly credentials: Credentials;
  readonly readAt: number;
  readonly calls: HttpAgent;
  readonly streams: HttpAgent;
}

/** HTTP/1.1 over kept-alive connections: a deadline and a signal for each call, credentials as fresh as their files. */
export class Transport {
  readonly #access: ClusterAccess;
  readonly #options: TransportOptions;
  readonly #base: URL;
  #agents: Agents | undefined;
  /** An answer of 401: read the credentials again before the next call, whatever their age. */
  #refused = false;
  #refreshing: Promise<Agents> | undefined;

  constructor(access: ClusterAccess, options: TransportOptions) {
    this.#access = access;
    this.#options = options;
    this.#base = new URL(access.server);
  }

  get server(): string {
    return this.#access.server;
  }

  /** The whole answer, whatever its status. Throws KubeError (transient) where none came in time. */
  async call(call: HttpCall, signal: AbortSignal, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<HttpAnswer> {
    const started = performance.now();
    let code = '<error>';
    try {
      const answer = await this.#withDeadline(call, signal, timeoutMs, async (request) => {
        const response = await this.#send(call, request, 'calls');
        const body = await readAll(response);
        return { status: response.statusCode ?? 0, headers: response.headers, body };
      });
      code = String(answer.status);
      if (answer.status === 401) this.#refused = true;
      return answer;
    } finally {
      this.#options.onCall?.({ method: call.method, code, seconds: (performance.now() - started) / 1000 });
    }
  }

  /** An answer whose body is read as it comes (a watch); the deadline covers the headers, the signal the whole. */
  async stream(
    call: HttpCall,
    signal: AbortSignal,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<IncomingMessage> {
    const started = performance.now();
    let code = '<error>';
    try {
      const response = await this.#withDeadline(call, signal, timeoutMs, (request) =>
        this.#send(call, request, 'streams'),
      );
      code = String(response.statusCode);
      if (code === '401') this.#refused = true;
      const abort = (): void => void response.destroy(asError(signal.reason));
      signal.addEventListener('abort', abort, { once: true });
      response.once('close', () => signal.removeEventListener('abort', abort));
      return response;
    } finally {
      this.#options.onCall?.({ method: call.method, code, seconds: (performance.now() - started) / 1000 });
    }
  }

  /** Ends every connection. */
  close(): void {
    destroyAgents(this.#agents);
    this.#agents = undefined;
  }

  async #withDeadline<Result>(
    call: HttpCall,
    signal: AbortSignal,
    timeoutMs: number,
    work: (request: InFlight) => Promise<Result>,
  ): Promise<Result> {
    signal.throwIfAborted();
    const what = `${call.method} ${call.path}`;
    const flight: InFlight = { request: undefined, ended: undefined };
    const end = (reason: Error): void => {
      flight.ended = reason;
      flight.request?.destroy(reason);
    };
    const abort = (): void => end(asError(signal.reason));
    signal.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(
      () => end(new Error(`no answer within its deadline of ${String(timeoutMs)} ms`)),
      timeoutMs,
    );
    try {
      return await work(flight);
    } catch (error) {
      if (signal.aborted) throw asError(signal.reason);
      if (error instanceof KubeError) throw error;
      throw connectionError(what, error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  async #send(call: HttpCall, flight: InFlight, pool: 'calls' | 'streams'): Promise<IncomingMessage> {
    const agents = await this.#currentAgents();
    if (flight.ended !== undefined) throw flight.ended;
    if (call.method !== 'GET' && call.method !== 'HEAD') this.#options.fence?.();
    const send = this.#base.protocol === 'http:' ? httpRequest : httpsRequest;
    return new Promise((resolve, reject) => {
      const request = send({
        hostname: this.#base.hostname.replace(/^\[|\]$/g, ''),
        port: this.#base.port,
        path: this.#path(call),
        method: call.method,
        headers: this.#headers(call, agents.credentials),
        agent: agents.credentials.agent ?? agents[pool],
      });
      flight.request = request;
      request.once('response', resolve);
      request.once('error', reject);
      request.end(call.body);
    });
  }

  #path(call: HttpCall): string {
    let path = this.#base.pathname.replace(/\/$/, '') + call.path;
    let separator = path.includes('?') ? '&' : '?';
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value === undefined) continue;
      path += `${separator}${name}=${encodeURIComponent(value)}`;
      separator = '&';
    }
    return path;
  }

  #headers(call: HttpCall, credentials: Credentials): OutgoingHttpHeaders {
    return {
      'user-agent': this.#options.userAgent,
      accept: 'application/json',
      ...credentials.headers,
      ...call.headers,
      ...(call.body === undefined ? {} : { 'content-length': Buffer.byteLength(call.body) }),
    };
  }

  async #currentAgents(): Promise<Agents> {
    const known = this.#agents;
    const fresh = known !== undefined && performance.now() - known.readAt < CREDENTIALS_FRESH_MS;
    if (fresh && !this.#refused) return known;
    this.#refreshing ??= this.#refresh(known).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(known: Agents | undefined): Promise<Agents> {
    const credentials = await this.#access.credentials();
    const readAt = performance.now();
    // Connections stay while the certificates stay; a new token needs no new connection.
    const keep = known !== undefined && sameTls(known.credentials, credentials);
    const agents = keep ? { ...known, credentials, readAt } : this.#createAgents(credentials, readAt);
    this.#agents = agents;
    this.#refused = false;
    return agents;
  }

  #createAgents(credentials: Credentials, readAt: number): Agents {
    const { headers: _, agent: __, ...tls } = credentials;
    const shared = { ...tls, keepAlive: true, keepAliveMsecs: TCP_KEEPALIVE_MS };
    const Agent = this.#base.protocol === 'http:' ? HttpAgent : HttpsAgent;
    const maxSockets = this.#options.maxSockets ?? 24;
    return {
      credentials,
      readAt,
      calls: new Agent({ ...shared, maxSockets, scheduling: 'lifo', timeout: IDLE_SOCKET_MS }),
      // A watch's connection is of no use to anybody after it.
      streams: new Agent({ ...shared, maxFreeSockets: 0 }),
    };
  }
}

interface InFlight {
  request: ClientRequest | undefined;
  ended: Error | undefined;
}

function sameTls(before: Credentials, after: Credentials): boolean {
  const text = (value: string | Buffer | undefined): string => value?.toString() ?? '';
  return (
    text(before.ca) === text(after.ca) &&
    text(before.cert) === text(after.cert) &&
    text(before.key) === text(after.key)
  );
}

function destroyAgents(agents: Agents | undefined): void {
  agents?.calls.destroy();
  agents?.streams.destroy();
}

async function readAll(response: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => void chunks.push(chunk));
    response.once('end', () => {
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    response.once('error', reject);
    response.once('close', () => reject(new Error('the connection closed in the middle of the answer')));
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
