import { matchRoute, type RouteMatch } from '../routes.ts';

/** The head of a request that can be read in one way only. */
export interface PlainHead {
  readonly url: string;
  readonly route: RouteMatch;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the head, with the empty line at its end. */
  readonly bytes: number;
  readonly contentLength: number;
}

/** Longer heads and bodies are node:http's. */
const MOST_HEAD = 4096;
const MOST_BODY = 64 * 1024;
const MOST_HEADERS = 40;

const METHOD = 'POST ';
const VERSION = ' HTTP/1.1\r\n';
const END = '\r\n\r\n';

/** Whatever changes where a body ends, or what becomes of the connection. */
const NOT_PLAIN: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
  'proxy-connection',
  'http2-settings',
]);
/** Other values for each request: their heads are not worth keeping. */
const UNIQUE: ReadonlySet<string> = new Set([
  'x-request-id',
  'traceparent',
  'tracestate',
  'b3',
  'x-b3-traceid',
  'date',
]);

/** Heads that were read before: a client's are alike but for the length of the body. */
const SEEN = new Map<string, PlainHead>();
const MOST_SEEN = 1024;

/**
 * Reads the head of a prediction that a strict grammar has: POST to a known path, HTTP/1.1, every header once, in
 * printable ASCII, its length said in plain digits. `partial` where its end has not come yet; undefined for whatever
 * else it is, which node:http reads, and refuses where it is none. So this accepts only what node:http accepts, and
 * reads it alike, which a test proves.
 */
export function readHead(bytes: Buffer): PlainHead | 'partial' | undefined {
  const end = bytes.indexOf(END);
  if (end < 0) return bytes.length < MOST_HEAD && mayBegin(bytes) ? 'partial' : undefined;
  if (end > MOST_HEAD) return undefined;
  const text = bytes.toString('latin1', 0, end + 2);
  const seen = SEEN.get(text);
  if (seen !== undefined) return seen;
  const head = parseHead(text);
  if (head !== undefined && !Object.keys(head.headers).some((name) => UNIQUE.has(name))) {
    if (SEEN.size >= MOST_SEEN) SEEN.clear();
    SEEN.set(text, head);
  }
  return head;
}

/** A connection that says anything but POST, or ends a line in another way, is not kept waiting here. */
function mayBegin(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  return METHOD.startsWith(text.slice(0, METHOD.length)) && !BARE_LINE_FEED.test(text);
}

const BARE_LINE_FEED = /(?:^|[^\r])\n/;

/** `text` ends with the line end of the last header. */
function parseHead(text: string): PlainHead | undefined {
  if (!text.startsWith(METHOD)) return undefined;
  const lineEnd = text.indexOf('\r\n');
  const urlEnd = lineEnd + 2 - VERSION.length;
  if (urlEnd <= METHOD.length || !text.startsWith(VERSION, urlEnd)) return undefined;
  const url = text.slice(METHOD.length, urlEnd);
  if (!isPlainUrl(url)) return undefined;
  const route = matchRoute(url);
  if (route?.prediction === undefined) return undefined;
  const headers = parseHeaders(text, lineEnd + 2);
  if (headers === undefined) return undefined;
  const { host, connection, 'content-length': length } = headers;
  if (host === undefined || host === '') return undefined;
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined;
  if (length === undefined || !/^(?:0|[1-9]\d{0,5})$/.test(length)) return undefined;
  const contentLength = Number(length);
  if (contentLength > MOST_BODY) return undefined;
  return { url, route, headers, bytes: text.length + 2, contentLength };
}

function parseHeaders(text: string, from: number): Readonly<Record<string, string>> | undefined {
  // Without a prototype: a header may have any name.
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  let count = 0;
  for (let start = from; start < text.length;) {
    const colon = tokenEnd(text, start);
    if (colon === start || text.charCodeAt(colon) !== COLON || ++count > MOST_HEADERS) return undefined;
    const name = text.slice(start, colon).toLowerCase();
    const end = lineEndOf(text, colon + 1);
    if (end === undefined || NOT_PLAIN.has(name) || name in headers) return undefined;
    headers[name] = withoutBlanks(text, colon + 1, end);
    start = end + 2;
  }
  return headers;
}

const TAB = 9;
const CR = 13;
const LF = 10;
const SPACE = 32;
const COLON = 58;

/** RFC 9110's tchar. */
const TOKEN: readonly boolean[] = Array.from({ length: 256 }, (_, code) =>
  /[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(String.fromCharCode(code)),
);

function tokenEnd(text: string, from: number): number {
  let at = from;
  while (TOKEN[text.charCodeAt(at)] === true) at++;
  return at;
}

/** Where a value's CR LF is; undefined where another control or a byte beyond ASCII comes first. */
function lineEndOf(text: string, from: number): number | undefined {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === CR) return text.charCodeAt(at + 1) === LF ? at : undefined;
    if ((code < SPACE && code !== TAB) || code > 0x7e) return undefined;
  }
  return undefined;
}

function withoutBlanks(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** A path, perhaps with a query, in printable ASCII. */
function isPlainUrl(url: string): boolean {
  return /^\/[\x21\x22\x24-\x7e]*$/.test(url);
}
