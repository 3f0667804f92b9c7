import type { IncomingMessage } from 'node:http';
import { HOW_TO_SEND, isPictureType } from '#runtime/image/index.ts';
import { JSON_LENGTH_HEADER } from '#runtime/protocol/answer-body.ts';
import { freeMemory } from '#runtime/engine/tensor.ts';
import { RequestError } from '#runtime/protocol/errors.ts';
import { headerOf, type Caller } from './caller.ts';
import { DirectRequest } from './direct-request.ts';
import { CODINGS, codingOf, inflateBody } from './compression.ts';

/** What a route takes. */
export interface BodyRules {
  /** Most bytes, once they are inflated. */
  readonly limit: number;
  /** JSON may be followed by the bytes of tensors. */
  readonly binary: boolean;
  /** The model takes pictures beside JSON. */
  readonly pictures: boolean;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
/** How KServe's client calls JSON with binary data behind it. */
const BINARY_TYPE = /^application\/octet-stream\s*(?:;|$)/i;

/** What a request's headers say about a body that cannot be taken; undefined where it can. */
export function bodyProblem(
  caller: Pick<Caller, 'headers'>,
  { limit, binary, pictures }: BodyRules,
): RequestError | undefined {
  const type = headerOf(caller, 'content-type');
  const fits =
    type === undefined ||
    JSON_TYPE.test(type) ||
    (binary && BINARY_TYPE.test(type)) ||
    (pictures && isPictureType(type));
  if (!fits) {
    const advice = pictures ? HOW_TO_SEND : 'send JSON with content-type: application/json';
    return new RequestError(
      415,
      'UnsupportedMediaType',
      `content-type ${type.slice(0, 100)} is not supported; ${advice}`,
    );
  }
  const encoding = headerOf(caller, 'content-encoding');
  if (codingOf(encoding) === null) {
    return new RequestError(
      415,
      'UnsupportedMediaType',
      `content-encoding ${encoding?.slice(0, 100)} is not supported; compress the body with gzip or deflate, or not at all`,
      { headers: { 'accept-encoding': CODINGS } },
    );
  }
  const length = caller.headers[JSON_LENGTH_HEADER];
  if (length !== undefined && !binary) {
    return new RequestError(
      400,
      'Unsupported',
      'binary tensor data is for /v2/models/.../infer; send named features as JSON, without Inference-Header-Content-Length',
    );
  }
  if (length !== undefined && !(typeof length === 'string' && /^\d{1,15}$/.test(length))) {
    return new RequestError(
      400,
      'InvalidRequest',
      `Inference-Header-Content-Length must be a number of bytes, got ${String(length).slice(0, 100)}`,
    );
  }
  return Number(caller.headers['content-length'] ?? 0) > limit ? tooLarge(limit) : undefined;
}

/** Where the JSON ends and binary data begin, by a header that bodyProblem has seen; undefined where all is JSON. */
export function jsonLengthOf({ headers }: Pick<Caller, 'headers'>): number | undefined {
  const length = headers[JSON_LENGTH_HEADER];
  return length === undefined ? undefined : Number(length);
}

function tooLarge(limit: number): RequestError {
  return new RequestError(
    413,
    'BodyTooLarge',
    `the body has more than ${limit} bytes; send fewer rows at once`,
  );
}

/** Whoever wants a body. */
export interface BodyReader {
  /** So many bytes are there by now; the error is why no more of them are taken. */
  readonly grown: (bytes: number) => RequestError | undefined;
  readonly done: (body: Buffer) => void;
  readonly refuse: (error: RequestError) => void;
}

/** Reads and inflates a body of at most `limit` bytes. A caller that goes away before its end gets no call back. */
export function readBody(request: IncomingMessage, limit: number, { grown, done, refuse }: BodyReader): void {
  const coding = codingOf(request.headers['content-encoding']) ?? undefined;
  const whole =
    coding === undefined ? done : (body: Buffer) => inflateBody(body, coding, limit, done, refuse);
  const body = new GatheredBody(request);
  if (request instanceof DirectRequest && isSmall(request)) {
    return request.readDirectly({ chunk: (bytes) => body.add(bytes), end: () => whole(body.finish()) });
  }
  const onData = (chunk: Buffer): void => {
    const size = body.size + chunk.length;
    const problem = size > limit ? tooLarge(limit) : grown(size);
    if (problem === undefined) return body.add(chunk);
    request.off('data', onData);
    request.off('end', onEnd);
    refuse(problem);
  };
  const onEnd = (): void => whole(body.finish());
  request.on('data', onData);
  request.on('end', onEnd);
}

/** Bodies up to this size need no pauses in their reading. */
const SMALL_BODY = 64 * 1024;

/** Its length is said and small, which the parser then holds it to; a limit on larger ones was looked at before. */
function isSmall({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length']) <= SMALL_BODY;
}

/** Elements have at most so many bytes. */
const ALIGNMENT = 8;

/** A body's chunks in one piece, the binary data behind its JSON where the first tensor can be read without a copy. */
class GatheredBody {
  readonly #declared: number;
  /** Bytes that are left free so that what follows the JSON is aligned. */
  readonly #padding: number;
  /** The first chunk, as long as there is no other. */
  #only: Buffer | undefined;
  #whole: Buffer | undefined;
  size = 0;

  constructor(request: IncomingMessage) {
    this.#declared = Number(request.headers['content-length'] ?? 0);
    this.#padding = (ALIGNMENT - ((jsonLengthOf(request) ?? 0) % ALIGNMENT)) % ALIGNMENT;
  }

  add(chunk: Buffer): void {
    const at = this.size;
    this.size += chunk.length;
    if (at === 0) {
      this.#only = chunk;
      return;
    }
    if (this.#whole === undefined || this.#whole.length < this.size) this.#grow();
    if (this.#whole !== undefined) chunk.copy(this.#whole, at);
    freeMemory(chunk);
  }

  finish(): Buffer {
    return this.#whole?.subarray(0, this.size) ?? this.#only ?? Buffer.alloc(0);
  }

  /**
   * Room is made for what was declared when a second chunk shows that there is more than a socket gives at once, and
   * is doubled where nothing was. Chunks are never kept: a million of one byte would take 200 times their size.
   */
  #grow(): void {
    const given = this.#whole ?? this.#only;
    const whole = this.#room(Math.max(this.#declared, this.size, 2 * (this.#whole?.length ?? 0)));
    if (given !== undefined) {
      given.copy(whole);
      freeMemory(given);
    }
    this.#only = undefined;
    this.#whole = whole;
  }

  #room(size: number): Buffer {
    return Buffer.allocUnsafeSlow(this.#padding + size).subarray(this.#padding);
  }
}
