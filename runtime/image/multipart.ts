import { RequestError } from '#runtime/protocol/errors.ts';
import { parseMediaType } from './media-type.ts';

/** One part of a form (RFC 7578). `body` is a view of the request's body. */
export interface Part {
  readonly name: string;
  readonly fileName: string | undefined;
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

export interface MultipartLimits {
  readonly parts: number;
}

const CRLF = Buffer.from('\r\n');
const HEADERS_END = Buffer.from('\r\n\r\n');
/** A part's headers together. */
const MAX_HEADER_BYTES = 8 * 1024;
/** A header's name, and its colon. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+(?=:)/;
/** RFC 2046: 1 to 70 characters, the last not a space. */
const BOUNDARY = /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/;

/** Parses multipart/form-data, strictly: what is not certain is a 400 that says where. */
export function parseMultipart(
  body: Buffer,
  boundary: string | undefined,
  limits: MultipartLimits,
): readonly Part[] {
  if (boundary === undefined || !BOUNDARY.test(boundary)) {
    throw broken('its content-type has no boundary, or one that is not 1 to 70 plain characters');
  }
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const parts: Part[] = [];
  let at = firstDelimiter(body, delimiter);
  for (;;) {
    if (body[at] === 0x2d && body[at + 1] === 0x2d) return finished(parts);
    at = endOfLine(body, at);
    if (parts.length >= limits.parts) {
      throw new RequestError(
        413,
        'BodyTooLarge',
        `the form has more than ${limits.parts} parts; send fewer at once`,
      );
    }
    const { headers, start } = readHeaders(body, at, parts.length);
    const end = body.indexOf(delimiter, start - CRLF.length);
    if (end < 0) {
      throw broken(
        `part ${parts.length} does not end with the boundary "${boundary}": the body was cut short`,
      );
    }
    parts.push(partOf(headers, body.subarray(start, Math.max(start, end)), parts.length));
    at = end + delimiter.length;
  }
}

/** After the first delimiter, which may stand at the very beginning; what is before it means nothing. */
function firstDelimiter(body: Buffer, delimiter: Buffer): number {
  const bare = delimiter.subarray(CRLF.length);
  if (body.subarray(0, bare.length).equals(bare)) return bare.length;
  const at = body.indexOf(delimiter);
  if (at < 0)
    throw broken(
      `the boundary "${bare.subarray(2).toString('latin1')}" of its content-type is not in the body`,
    );
  return at + delimiter.length;
}

/** The rest of a delimiter's line: spaces and tabs alone. */
function endOfLine(body: Buffer, from: number): number {
  let at = from;
  while (body[at] === 0x20 || body[at] === 0x09) at++;
  if (body[at] !== 0x0d || body[at + 1] !== 0x0a) {
    throw broken(`a boundary at byte ${from} is followed by neither "--" nor the end of its line`);
  }
  return at + 2;
}

interface Headers {
  readonly headers: ReadonlyMap<string, string>;
  /** Where the part's body starts. */
  readonly start: number;
}

function readHeaders(body: Buffer, at: number, part: number): Headers {
  // A part without any header has an empty line at once.
  if (body[at] === 0x0d && body[at + 1] === 0x0a) return { headers: new Map(), start: at + 2 };
  const end = body.subarray(at, at + MAX_HEADER_BYTES).indexOf(HEADERS_END);
  if (end < 0) throw broken(`the headers of part ${part} do not end within ${MAX_HEADER_BYTES} bytes`);
  const headers = new Map<string, string>();
  for (const line of body.toString('utf8', at, at + end).split('\r\n')) {
    const name = HEADER_NAME.exec(line)?.[0];
    if (name === undefined || /[\r\n]/.test(line)) {
      throw broken(`part ${part} has a line that is no header: ${JSON.stringify(line.slice(0, 60))}`);
    }
    const key = name.toLowerCase();
    if (headers.has(key)) throw broken(`part ${part} has the header ${key} twice`);
    headers.set(key, line.slice(name.length + 1).trim());
  }
  return { headers, start: at + end + HEADERS_END.length };
}

function partOf(headers: Headers['headers'], body: Buffer, part: number): Part {
  const disposition = parseMediaType(headers.get('content-disposition') ?? '');
  const name = disposition?.parameters.get('name');
  if (disposition?.type !== 'form-data' || name === undefined) {
    throw broken(`part ${part} has no header 'content-disposition: form-data; name="..."'`);
  }
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase();
  if (encoding !== undefined && !['binary', '8bit', '7bit'].includes(encoding)) {
    throw broken(
      `part ${part} has the content-transfer-encoding ${encoding.slice(0, 40)}; send its bytes as they are`,
    );
  }
  return {
    name,
    fileName: disposition.parameters.get('filename'),
    contentType: headers.get('content-type'),
    body,
  };
}

function finished(parts: readonly Part[]): readonly Part[] {
  if (parts.length === 0) throw broken('it has no parts');
  return parts;
}

function broken(message: string): RequestError {
  return new RequestError(
    400,
    'InvalidRequest',
    `the body is not multipart/form-data that can be read: ${message}`,
  );
}
