import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { REQUEST_ID_HEADER } from '#contract/names.ts';
import { JSON_LENGTH_HEADER, type AnswerBody } from '#runtime/protocol/answer-body.ts';
import { errorBody, type ErrorShape, type RequestError } from '#runtime/protocol/errors.ts';
import type { Caller } from './caller.ts';
import { DirectRequest } from './direct-request.ts';
import { acceptedCoding, compress, LEAST_COMPRESSED } from './compression.ts';

export const JSON_TYPE = 'application/json';
const BINARY_TYPE = 'application/octet-stream';

/** A caller whose body is not wanted may go on sending for so long, to read the answer in peace. */
const LINGER_MS = 5000;

export interface Reply {
  readonly status: number;
  readonly body: string | Buffer;
  /** Bytes that follow the body, as they lie. */
  readonly tail?: readonly Uint8Array[];
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection ends after this answer. */
  readonly close?: boolean;
}

/** A prediction's answer as it goes over HTTP. */
export function bodyReply(body: AnswerBody): Pick<Reply, 'body' | 'tail' | 'contentType' | 'headers'> {
  if (typeof body === 'string') return { body };
  const { json, binary } = body;
  return {
    body: json,
    tail: binary,
    contentType: BINARY_TYPE,
    headers: { [JSON_LENGTH_HEADER]: String(Buffer.byteLength(json)) },
  };
}

export function send(response: ServerResponse, reply: Reply): void {
  const size = writeHead(response, reply);
  const { body } = reply;
  // As many bytes as characters: ASCII, which goes out without being encoded.
  if (reply.tail === undefined)
    return void (size === body.length ? response.end(body, 'latin1') : response.end(body));
  // Corked, all parts leave in one system call; node:net reads them where they lie.
  response.cork();
  response.write(reply.body);
  for (const part of reply.tail) if (part.byteLength > 0) response.write(part);
  response.end();
}

/** As send, but compressed where the caller asks for it. */
export function sendAccepted(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const accepted = request.headers['accept-encoding']?.toString();
  if (accepted === undefined) return send(response, reply);
  compressed(reply, accepted, (smaller) => {
    if (!response.destroyed) send(response, smaller);
  });
}

/** Gives an answer in a coding that is accepted; at once, and as it is, where it is too short to gain from one. */
export function compressed(reply: Reply, accepted: string, done: (reply: Reply) => void): void {
  const coding = sizeOf(reply) < LEAST_COMPRESSED ? undefined : acceptedCoding(accepted);
  if (coding === undefined) return done(reply);
  const { body, tail = [], headers, ...rest } = reply;
  const whole = Buffer.concat([typeof body === 'string' ? Buffer.from(body) : body, ...tail]);
  compress(whole, coding, (error, smaller) => {
    if (error !== null) return done(reply);
    const more = { 'content-encoding': coding, vary: 'accept-encoding' };
    done({ ...rest, body: smaller, headers: { ...headers, ...more } });
  });
}

/** Bytes of the body and its tail. */
export function sizeOf({ body, tail }: Reply): number {
  let size = Buffer.byteLength(body);
  for (const part of tail ?? []) size += part.byteLength;
  return size;
}

/** Bodies up to this size are read and dropped rather than ending a connection. */
const SMALL_BODY = 64 * 1024;

/** Answers a request whose body nobody reads. */
export function refuse(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const { headers } = request;
  const long =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > SMALL_BODY;
  // Who waits for "100 Continue" may send the body or not: the next request could not be told from it.
  if (long || headers.expect !== undefined) sendEarly(request, response, reply);
  else {
    // A refusal in overload has to be cheap: the body is dropped as it comes, past the stream.
    if (request instanceof DirectRequest) request.readDirectly({ chunk: () => {}, end: () => {} });
    send(response, reply);
  }
}

/**
 * Answers before the request has arrived in full, and ends the connection. What the caller still sends is read and
 * dropped for a while: a socket that is closed with unread bytes resets, and the caller would not see the answer.
 */
export function sendEarly(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  writeHead(response, { ...reply, close: true });
  response.write(reply.body);
  const timer = setTimeout(() => request.destroy(), LINGER_MS);
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  if (request.complete) return end();
  request.on('end', end);
  request.on('close', end);
  request.resume();
}

/** Returns the body's bytes. */
function writeHead(response: ServerResponse, reply: Reply): number {
  const { status, contentType, headers, close } = reply;
  const size = sizeOf(reply);
  const fields = ['content-type', contentType ?? JSON_TYPE, 'content-length', String(size)];
  for (const name in headers) fields.push(name, headers[name] ?? '');
  if (close === true) fields.push('connection', 'close');
  response.writeHead(status, fields);
  return size;
}

export function errorReply(error: RequestError, shape: ErrorShape | 'unknown'): Reply {
  return { status: error.status, body: errorText(error, shape), headers: error.headers };
}

/** While no model is loaded nobody knows which shape its clients read: they get both. */
function errorText(error: RequestError, shape: ErrorShape | 'unknown'): string {
  if (shape !== 'unknown') return errorBody(error, shape);
  return `${errorBody(error, 'windlass').slice(0, -1)},${errorBody(error, 'detail').slice(1)}`;
}

/** Tells this process from others, as a version 4 UUID's first part would. */
const PROCESS = randomUUID().slice(0, 24);
let requests = 0;

/** Unique, and at a tenth of a UUID's cost; it is no secret. */
function newRequestId(): string {
  requests = (requests + 1) % 2 ** 48;
  return PROCESS + requests.toString(16).padStart(12, '0');
}

/** The caller's id where it is fit for a log and a header, else a new one. */
export function requestIdOf({ headers }: Pick<Caller, 'headers'>): string {
  const given = headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : newRequestId();
}
