import {
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { HttpBindings } from '@hono/node-server';
import { FailureError } from '#contract/failure.ts';
import type { Logger } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import { RequestError } from '#runtime/protocol/errors.ts';
import type { ServiceState } from '#runtime/state.ts';
import { DirectRequest } from './direct-request.ts';
import { NodeCaller } from './node-caller.ts';
import { errorShapeOf, type PredictionEndpoint } from './predictions.ts';
import { errorReply, JSON_TYPE, refuse } from './respond.ts';
import { accessFields } from './access-log.ts';
import { cutSlowReaders } from './slow-readers.ts';
import { matchRoute, type RouteMatch } from './routes.ts';
import { WireServer } from './wire/index.ts';

export interface FrontServices {
  readonly state: ServiceState;
  readonly metrics: Metrics;
  readonly predictions: PredictionEndpoint;
  readonly app: Hono<{ Bindings: HttpBindings }>;
  /** A request must have arrived, and its answer been read, within so long. */
  readonly requestTimeoutMs: number;
  readonly log: Logger;
}

/**
 * A server that closes an idle connection first may cross a request on its way, which then fails. So clients and
 * proxies, which give up idle connections within an hour, are always first.
 */
const KEEP_ALIVE_MS = 65 * 60_000;
const HEADERS_TIMEOUT_MS = 10_000;

/** The HTTP server: predictions by hand, everything else by Hono; wrong paths, methods and bytes refused here. */
export function createFront(services: FrontServices): Server {
  const { state, metrics, predictions, requestTimeoutMs, log } = services;
  const pages = getRequestListener(services.app.fetch, { overrideGlobalObjects: true });
  const unread = (path: string | undefined, bytes: number): void =>
    log.warn(
      { path: path?.slice(0, 200), bytes },
      `a client did not read its answer within ${requestTimeoutMs / 1000} s; the connection is cut`,
    );
  const options: ServerOptions<typeof DirectRequest> = {
    IncomingMessage: DirectRequest,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
    connectionsCheckingInterval: Math.min(1000, requestTimeoutMs / 2),
    keepAlive: true,
    noDelay: true,
    // Node's own answer to a request without it has no body: onRequest refuses it.
    requireHostHeader: false,
  };
  const server = new WireServer(options, {
    onRequest: (caller, { route }) => predictions.handle(caller, route),
    onUnread: unread,
  });
  /** The request that a connection is busy with, for errors that come up below HTTP. */
  const busy = new WeakMap<
    Duplex,
    { readonly response: ServerResponse; readonly route: RouteMatch | undefined }
  >();

  const refuseAs = (
    request: IncomingMessage,
    response: ServerResponse,
    problem: RequestError,
    close = state.draining,
  ): void => {
    const url = request.url ?? '/';
    const shape = errorShapeOf(matchRoute(url.startsWith('/v2') ? '/v2' : url), state.model);
    refuse(request, response, { ...errorReply(problem, shape), close });
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const url = request.url ?? '/';
    const route = matchRoute(url);
    busy.set(request.socket, { response, route });
    // HTTP/1.0 needs none, and old load balancers send none.
    if (request.httpVersion !== '1.1') request.headers.host ??= 'localhost';
    const unfit = headProblem(request);
    if (unfit !== undefined) return refuseAs(request, response, unfit, true);
    if (route?.prediction !== undefined && request.method === 'POST')
      return predictions.handle(new NodeCaller(request, response), route);
    const arrivedMs = performance.now();
    const template = route?.template ?? 'other';
    response.once('finish', () => {
      const seconds = (performance.now() - arrivedMs) / 1000;
      metrics.requestFinished(request.method ?? '', template, response.statusCode, seconds);
      if (log.isLevelEnabled('debug'))
        log.debug(accessFields(request, template, response.statusCode, seconds), 'answered');
    });
    const problem = routeProblem(route, request.method ?? '', url) ?? urlProblem(request);
    if (problem !== undefined) return refuseAs(request, response, problem);
    if (state.draining) response.setHeader('connection', 'close');
    void pages(request, response);
  };

  cutSlowReaders(
    server,
    requestTimeoutMs,
    (socket) => busy.get(socket)?.response,
    (response) => unread(response.req.url, response.writableLength),
  );
  server.takeConnections();
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    refuseAs(request, response, expectationProblem(request)),
  );
  server.on('connect', ({ url = '' }: IncomingMessage, socket: Duplex) => {
    const problem = notFound(url);
    socket.end(rawReply(problem, errorReply(problem, 'windlass').body));
  });
  server.on('clientError', (error: Error, socket: Duplex) => {
    const current = busy.get(socket);
    // Bytes of an answer are on their way: another status line would be read as its body.
    if (current?.response.headersSent === true && socket instanceof Socket) return socket.destroySoon();
    if (!socket.writable) return void socket.destroy();
    const problem = clientProblem(error);
    if (current !== undefined && !current.response.writableEnded) {
      metrics.requestFinished(
        'POST',
        current.route?.template ?? 'other',
        problem.status,
        requestTimeoutMs / 1000,
      );
    }
    socket.end(rawReply(problem, errorReply(problem, errorShapeOf(current?.route, state.model)).body));
  });
  return server;
}

function notFound(url: string): RequestError {
  const message = `there is nothing at ${url.slice(0, 200)}; GET / lists what there is`;
  return new RequestError(404, 'NotFound', message);
}

function routeProblem(route: RouteMatch | undefined, method: string, url: string): RequestError | undefined {
  if (route === undefined) return notFound(url);
  if (route.methods.includes(method)) return undefined;
  const allow = route.methods.join(', ');
  return new RequestError(405, 'MethodNotAllowed', `${method} is not for ${route.template}, use ${allow}`, {
    headers: { allow },
  });
}

/** What a head lacks, or says of its body that another program on the way may read otherwise. */
function headProblem({ headers, headersDistinct }: IncomingMessage): RequestError | undefined {
  if (headers.host === undefined) {
    return new RequestError(400, 'InvalidRequest', 'the request has no host header, which HTTP/1.1 needs');
  }
  // node:http takes the first, a proxy perhaps the last (RFC 9112, 3.2).
  if ((headersDistinct['host']?.length ?? 0) > 1) {
    return new RequestError(400, 'InvalidRequest', 'the request has more than one host header; send one');
  }
  const coding = headers['transfer-encoding'];
  if (coding === undefined || coding.toLowerCase() === 'chunked') return undefined;
  return new RequestError(
    400,
    'InvalidRequest',
    `transfer-encoding ${coding.slice(0, 100)} is not supported; send the body in plain chunks or with its content-length`,
  );
}

/** A path or a host that makes no URL, or another one than it seems: Hono's adapter answers such without a body. */
function urlProblem({ headers, url = '' }: IncomingMessage): RequestError | undefined {
  const target = URL.parse(`http://${headers.host ?? ''}${url}`);
  if (target?.pathname === url.split('?', 1)[0]) return undefined;
  const message = `host ${(headers.host ?? '').slice(0, 100)} and path ${url.slice(0, 200)} make no URL that can be read in one way; encode the path`;
  return new RequestError(400, 'InvalidRequest', message);
}

function expectationProblem({ headers }: IncomingMessage): RequestError {
  return new RequestError(
    417,
    'InvalidRequest',
    `expect: ${String(headers.expect).slice(0, 100)} cannot be met; the one expectation that can is 100-continue`,
  );
}

/** What node:http says about bytes that are no request, and a request that does not arrive. */
function clientProblem(error: Error): RequestError {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new RequestError(
      408,
      'RequestTimeout',
      'the request did not arrive in time; send its body without pauses',
    );
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new RequestError(431, 'HeadersTooLarge', 'the request has more than 16 KiB of headers');
  }
  const reason = code === 'HPE_INVALID_EOF_STATE' ? 'it ends too early' : 'reason' in error && error.reason;
  const why = typeof reason === 'string' ? `: ${reason}` : '';
  return new RequestError(400, 'InvalidRequest', `this is not an HTTP/1.1 request that can be read${why}`);
}

function rawReply({ status }: RequestError, body: string | Buffer): string {
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    `content-type: ${JSON_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body.toString(),
  ].join('\r\n');
}

/** Listens, and gives the port, which matters where 0 was asked for. */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(listenFailure(error, port, host));
    server.once('error', failed);
    server.listen({ port, host, backlog: 1024 }, () => {
      server.off('error', failed);
      resolve();
    });
  });
  const address: AddressInfo | string | null = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function listenFailure({ code, message }: NodeJS.ErrnoException, port: number, host: string): FailureError {
  const why =
    code === 'EADDRINUSE' ? 'another program has it' : code === 'EACCES' ? 'only root may have it' : message;
  return new FailureError(
    'LoadFailed',
    `port ${port} of ${host} cannot be listened on: ${why}; choose another one`,
  );
}

/** Stops taking connections, waits for the answers on their way, and cuts what is left after `limitMs`. */
export async function closeGracefully(server: Server, limitMs: number): Promise<{ readonly cut: boolean }> {
  let cut = false;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    cut = true;
    server.closeAllConnections();
  }, limitMs);
  await closed;
  clearTimeout(timer);
  return { cut };
}
