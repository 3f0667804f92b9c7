import { gunzipSync, inflateSync } from 'node:zlib';

/** One HTTP answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export type ParsedAnswers =
  | { readonly kind: 'answers'; readonly answers: readonly WireAnswer[]; readonly rest: number }
  | { readonly kind: 'broken'; readonly answers: readonly WireAnswer[]; readonly problem: string };

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.1 (\d{3}) [\x20-\x7e]*$/;
const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\x20-\x7e\t]*)$/;

/**
 * Reads answers strictly, as RFC 9112 has them. `heads` are the indexes of answers without a body (to HEAD requests);
 * `closed` says that nothing more comes, so that what is incomplete is broken.
 */
export function parseAnswers(bytes: Buffer, heads: ReadonlySet<number>, closed: boolean): ParsedAnswers {
  const answers: WireAnswer[] = [];
  let at = 0;
  const broken = (problem: string): ParsedAnswers => ({ kind: 'broken', answers, problem });
  while (at < bytes.length) {
    const end = bytes.indexOf(END_OF_HEAD, at);
    if (end < 0) return closed ? broken('the head of an answer is cut off') : more(answers, bytes, at);
    const head = readHead(bytes.toString('latin1', at, end));
    if (typeof head === 'string') return broken(head);
    at = end + END_OF_HEAD.length;
    if (head.status >= 100 && head.status < 200) continue;
    const none = heads.has(answers.length) || head.status === 204 || head.status === 304;
    const body = readBody(bytes, at, head.headers, { none, closed });
    if (body.kind === 'broken') return broken(body.problem);
    if (body.kind === 'more')
      return closed ? broken('the body of an answer is cut off') : more(answers, bytes, end);
    const plain = inflate(body.body, head.headers.get('content-encoding'));
    if (plain === undefined) return broken('the body of an answer is not compressed as it says');
    answers.push({ ...head, body: plain });
    at = body.at;
  }
  return { kind: 'answers', answers, rest: 0 };
}

function inflate(body: Buffer, coding: string | undefined): Buffer | undefined {
  if (coding === undefined || body.length === 0) return body;
  try {
    return coding === 'gzip' ? gunzipSync(body) : coding === 'deflate' ? inflateSync(body) : undefined;
  } catch {
    return undefined;
  }
}

function more(answers: readonly WireAnswer[], bytes: Buffer, at: number): ParsedAnswers {
  return { kind: 'answers', answers, rest: bytes.length - at };
}

function readHead(text: string): Pick<WireAnswer, 'status' | 'headers'> | string {
  const [first = '', ...lines] = text.split('\r\n');
  const status = STATUS_LINE.exec(first)?.[1];
  if (status === undefined) return `this is no status line: ${JSON.stringify(first.slice(0, 80))}`;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = HEADER.exec(line) ?? [];
    if (name === undefined || value === undefined)
      return `this is no header: ${JSON.stringify(line.slice(0, 80))}`;
    const key = name.toLowerCase();
    if (headers.has(key) && (key === 'content-length' || key === 'transfer-encoding'))
      return `${key} comes twice`;
    headers.set(key, value);
  }
  return { status: Number(status), headers };
}

type Body =
  | { readonly kind: 'body'; readonly body: Buffer; readonly at: number }
  | { readonly kind: 'more' }
  | { readonly kind: 'broken'; readonly problem: string };

function readBody(
  bytes: Buffer,
  at: number,
  headers: WireAnswer['headers'],
  { none, closed }: { readonly none: boolean; readonly closed: boolean },
): Body {
  const length = headers.get('content-length');
  const coding = headers.get('transfer-encoding');
  if (length !== undefined && coding !== undefined)
    return { kind: 'broken', problem: 'an answer has two lengths' };
  if (none) return { kind: 'body', body: Buffer.alloc(0), at };
  if (coding === 'chunked') return readChunks(bytes, at);
  // An answer without a length ends with its connection, which clients of HTTP/1.0 know no other way.
  if (length === undefined && headers.get('connection') === 'close') {
    return closed ? { kind: 'body', body: bytes.subarray(at), at: bytes.length } : { kind: 'more' };
  }
  if (length === undefined || !/^\d+$/.test(length)) {
    return { kind: 'broken', problem: `an answer's length is ${length ?? coding ?? 'missing'}` };
  }
  const end = at + Number(length);
  return end > bytes.length ? { kind: 'more' } : { kind: 'body', body: bytes.subarray(at, end), at: end };
}

function readChunks(bytes: Buffer, from: number): Body {
  const parts: Buffer[] = [];
  let at = from;
  for (;;) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return { kind: 'more' };
    const text = bytes.toString('latin1', at, line);
    if (!/^[0-9a-f]+$/i.test(text))
      return { kind: 'broken', problem: `this is no chunk: ${JSON.stringify(text)}` };
    const size = Number.parseInt(text, 16);
    const end = line + 2 + size;
    if (end + 2 > bytes.length) return { kind: 'more' };
    parts.push(bytes.subarray(line + 2, end));
    at = end + 2;
    if (size === 0) return { kind: 'body', body: Buffer.concat(parts), at };
  }
}
