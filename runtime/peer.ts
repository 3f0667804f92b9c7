import { createHash, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { ServiceState } from '#runtime/state.ts';

/** What the bytes of a file are asked for by. */
const FILE = /^\/windlass\/v1\/files\/([0-9a-f]{64})$/;
const RANGE = /^bytes=(\d*)-(\d*)$/;

/** Gives this model's files to pods of the same revision, by digest, to whoever has the token. */
export function createPeerServer(state: ServiceState, token: string): Server {
  const server = createServer((request, response) => {
    void giveFile(state, token, request, response).catch(() => response.destroy());
  });
  server.requestTimeout = 10_000;
  return server;
}

async function giveFile(
  state: ServiceState,
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const digest = FILE.exec(request.url ?? '')?.[1];
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(response, 405, 'use GET', { allow: 'GET, HEAD' });
  if (!authorized(request.headers.authorization, token))
    return refuse(response, 401, 'a bearer token is needed');
  if (state.model === undefined) return refuse(response, 503, 'no model is loaded yet');
  const path = digest === undefined ? undefined : state.model.source.files.get(digest);
  if (path === undefined) return refuse(response, 404, 'this revision has no such file');
  const { size } = await stat(path);
  const range = rangeOf(request.headers.range, size);
  if (range === 'unsatisfiable') {
    return refuse(response, 416, 'the range lies outside the file', { 'content-range': `bytes */${size}` });
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  response.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': end - start + 1,
    'accept-ranges': 'bytes',
    etag: `"${digest}"`,
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${size}` }),
  });
  if (request.method === 'HEAD' || size === 0) return void response.end();
  await pipeline(createReadStream(path, { start, end, highWaterMark: 256 * 1024 }), response);
}

/** Compares digests of equal length, so that the time tells nothing of the token. */
function authorized(header: string | undefined, token: string): boolean {
  const given = header?.startsWith('Bearer ') === true ? header.slice('Bearer '.length) : '';
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(token)) && token !== '';
}

/** One byte range; undefined where none was asked for, or one that may be ignored. */
export function rangeOf(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | undefined {
  const [, first, last] = RANGE.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end || start >= size ? 'unsatisfiable' : { start, end };
}

function refuse(
  response: ServerResponse,
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify({ error });
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}
