import { STATUS_CODES } from 'node:http';
import { JSON_TYPE, sizeOf, type Reply } from '../respond.ts';

/** What goes over the wire: as one text where all of it is ASCII, else the head and the parts of the body. */
export type WireAnswer = string | readonly (string | Uint8Array)[];

/** The bytes of an answer, with the fields that node:http would send. Throws where a field would break its line. */
export function wireAnswer(reply: Reply, keepAliveSeconds: number): WireAnswer {
  const { status, body, tail, contentType = JSON_TYPE, headers } = reply;
  const size = sizeOf(reply);
  let head = `${statusLine(status)}content-type: ${field(contentType)}\r\ncontent-length: ${size}\r\n`;
  for (const name in headers) head += `${field(name)}: ${field(headers[name] ?? '')}\r\n`;
  head += dateField();
  head +=
    reply.close === true
      ? 'connection: close\r\n\r\n'
      : `connection: keep-alive\r\nkeep-alive: timeout=${keepAliveSeconds}\r\n\r\n`;
  // As many bytes as characters: ASCII.
  if (tail === undefined && typeof body === 'string' && size === body.length) return head + body;
  return [head, body, ...(tail ?? [])];
}

const STATUS_LINES = new Map<number, string>();

function statusLine(status: number): string {
  const known = STATUS_LINES.get(status);
  if (known !== undefined) return known;
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
  STATUS_LINES.set(status, line);
  return line;
}

// eslint-disable-next-line no-control-regex -- what may not be in a header
const NOT_A_FIELD = /[^\t\x20-\x7e]/;

function field(text: string): string {
  if (NOT_A_FIELD.test(text)) throw new TypeError(`a header may not say ${JSON.stringify(text)}`);
  return text;
}

let dateSecond = 0;
let date = '';

function dateField(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = `date: ${new Date(second * 1000).toUTCString()}\r\n`;
  }
  return date;
}
