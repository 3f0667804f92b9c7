import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { FailureError } from '#contract/failure.ts';
import {
  type AddressPolicy,
  type ByteBody,
  bodyOf,
  checkEndpointLiteral,
  createAgents,
  isKubernetesStatus,
  isOfApiServer,
  portOf,
  refusedApiServer,
  type Service,
  type Timing,
  trusting,
  withDeadline,
} from '../http/index.ts';
import type { MlflowAccess, MlflowCredentials } from './connection.ts';
import { NotMlflowError, StatusError } from './failures.ts';

const MLFLOW_SERVICE: Service = {
  endpoint: 'MLflow server',
  kind: 'MLflow tracking server',
  setting: 'MLFLOW_TRACKING_URI',
};
/** An answer in JSON with more bytes than this is none of the API's. */
const MAX_JSON_BYTES = 4 * 1024 * 1024;

/** The bytes of one file of the artifact store, from `start` on. */
export interface OpenFile {
  readonly start: number;
  readonly body: ByteBody;
}

/** Single requests to one tracking server: no retries; errors are the connection's, StatusError or NotMlflowError. */
export class MlflowClient {
  readonly host: string;
  readonly #base: URL;
  readonly #authorization: string | undefined;
  readonly #timing: Timing;
  readonly #agents: ReturnType<typeof createAgents>;

  constructor(access: MlflowAccess, addresses: AddressPolicy, timing: Timing) {
    this.#base = new URL(access.url);
    this.host = this.#base.host;
    this.#timing = timing;
    this.#authorization = authorization(access.credentials);
    checkEndpointLiteral(MLFLOW_SERVICE, this.#base, addresses);
    const secureContext = access.ca === undefined ? undefined : trusting(access.ca);
    this.#agents = createAgents(MLFLOW_SERVICE, portOf(this.#base), addresses, secureContext);
  }

  /** An answer of the REST API, `path` below `/api/2.0/`. */
  async json(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<unknown> {
    const search = new URLSearchParams(query).toString().replaceAll('+', '%20');
    const target = `/api/2.0/${path}${search === '' ? '' : `?${search}`}`;
    return withDeadline(this.#timing.requestTimeoutMs, signal, async (inner) => {
      const answer = await this.#get(target, {}, inner);
      const text = await textOf(answer);
      this.#refuseApiServer(answer, text);
      const value = parseObject(answer, text);
      const isMlflow = value !== undefined && (answer.statusCode === 200 || 'error_code' in value);
      // Any web server has no such page: only MLflow's own words mean that a model is not there.
      if (answer.statusCode !== 200 && (isMlflow || !isRefusal(answer))) {
        throw new StatusError(answer.statusCode ?? 0);
      }
      if (!isMlflow) throw new NotMlflowError('the answer is not a JSON object');
      return value;
    });
  }

  /**
   * A proxied artifact from byte `start` on; a server that ignores ranges begins at 0. The server may have to fetch the
   * whole file from its store before it answers, which `answerTimeoutMs` allows for.
   */
  async open(path: string, start: number, answerTimeoutMs: number, signal: AbortSignal): Promise<OpenFile> {
    const target = `/api/2.0/mlflow-artifacts/artifacts/${path.split('/').map(encodeURIComponent).join('/')}`;
    const headers = start === 0 ? {} : { range: `bytes=${start}-` };
    const answer = await withDeadline(answerTimeoutMs, signal, (inner) => this.#get(target, headers, inner));
    const { statusCode = 0, headers: received } = answer;
    const [, first] = /^bytes (\d+)-/.exec(received['content-range'] ?? '') ?? [];
    if (statusCode === 200) return { start: 0, body: bodyOf(answer) };
    if (statusCode === 206 && first !== undefined) return { start: Number(first), body: bodyOf(answer) };
    answer.destroy();
    this.#refuseApiServer(answer, '');
    throw statusCode === 206 ? new NotMlflowError('a part without a range') : new StatusError(statusCode);
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  #get(
    target: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const secure = this.#base.protocol === 'https:';
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const options = {
      method: 'GET',
      host: this.#base.hostname.replace(/^\[|\]$/g, ''),
      port: portOf(this.#base),
      path: this.#base.pathname.replace(/\/$/, '') + target,
      headers: {
        ...headers,
        host: this.#base.host,
        accept: '*/*',
        'accept-encoding': 'identity',
        'user-agent': 'windlass',
        ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
      },
    };
    const request = secure
      ? tlsRequest({ ...options, agent: this.#agents.https }, resolve)
      : plainRequest({ ...options, agent: this.#agents.http }, resolve);
    const timer = setTimeout(
      () => request.destroy(Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' })),
      this.#timing.connectTimeoutMs,
    );
    request.on('socket', (socket) => {
      if (!socket.connecting) clearTimeout(timer);
      else socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(timer));
    });
    const onAbort = () => request.destroy(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    request.on('error', reject);
    request.on('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    });
    request.end();
    return promise;
  }

  #refuseApiServer({ headers, statusCode = 0 }: IncomingMessage, text: string): void {
    const names = new Set(Object.keys(headers));
    if (!isOfApiServer(names) && !(statusCode >= 300 && isKubernetesStatus(text))) return;
    throw refusedApiServer(MLFLOW_SERVICE, this.host);
  }
}

function authorization(credentials: MlflowCredentials | undefined): string | undefined {
  if (credentials === undefined) return undefined;
  if (credentials.by === 'token') {
    if (!/^[\x21-\x7e]+$/.test(credentials.token)) {
      throw new FailureError(
        'AccessDenied',
        'MLFLOW_TRACKING_TOKEN holds characters that no token has (spaces or line breaks). Write the Secret again.',
      );
    }
    return `Bearer ${credentials.token}`;
  }
  const { username, password } = credentials;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_JSON_BYTES) {
      answer.destroy();
      throw new NotMlflowError('the answer has no end');
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function isRefusal({ statusCode }: IncomingMessage): boolean {
  return statusCode === 400 || statusCode === 404 || statusCode === 405;
}

/** Undefined where the body is no JSON object. */
function parseObject({ headers }: IncomingMessage, text: string): object | undefined {
  if (!/^application\/json\b/i.test(headers['content-type'] ?? '')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
