import {
  constants,
  deflate,
  gunzip,
  gunzipSync,
  gzip,
  inflate,
  inflateRaw,
  inflateRawSync,
  inflateSync,
  type ZlibOptions,
} from 'node:zlib';
import { RequestError } from '#runtime/protocol/errors.ts';

/** Content codings that are read and written. */
export type Coding = 'gzip' | 'deflate';

export const CODINGS = 'gzip, deflate';

/** Bodies that inflate to at most this are inflated at once: a turn through the thread pool would take longer. */
const SMALL = 64 * 1024;
/**
 * No more than this many times its size may come out of a compressed body, once that is beyond what every body may hold:
 * real tensors stay far below, and what is all zeroes is better sent uncompressed.
 */
const MOST_RATIO = 200;
const ANY_RATIO = 1024 * 1024;
const MOST_CHUNK = 1024 * 1024;

/** The coding of a request's body; undefined for none, null for one that is not read. */
export function codingOf(header: string | undefined): Coding | undefined | null {
  switch (header?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return 'gzip';
    case 'deflate':
      return 'deflate';
    default:
      return null;
  }
}

/** Inflates a body to at most `limit` bytes; large ones off the event loop. Calls back once, with either. */
export function inflateBody(
  body: Buffer,
  coding: Coding,
  limit: number,
  done: (inflated: Buffer) => void,
  refuse: (error: RequestError) => void,
): void {
  const most = Math.min(limit, Math.max(ANY_RATIO, MOST_RATIO * body.length));
  const small = inflateSmall(body, coding, Math.min(most, SMALL));
  if (small === 'broken') return refuse(broken(coding));
  if (small !== 'large') return done(small);
  const options: ZlibOptions = { maxOutputLength: most, chunkSize: chunkSize(body, coding, most) };
  inflaterOf(body, coding).inBackground(body, options, (error, inflated) => {
    if (error === null) done(inflated);
    else refuse(isTooLarge(error) ? tooLarge(body.length, most, limit) : broken(coding));
  });
}

function inflateSmall(body: Buffer, coding: Coding, most: number): Buffer | 'large' | 'broken' {
  if (body.length > most) return 'large';
  try {
    return inflaterOf(body, coding).atOnce(body, { maxOutputLength: most });
  } catch (error) {
    return isTooLarge(error) ? 'large' : 'broken';
  }
}

interface Inflater {
  readonly atOnce: (body: Buffer, options: ZlibOptions) => Buffer;
  readonly inBackground: (
    body: Buffer,
    options: ZlibOptions,
    done: (error: Error | null, inflated: Buffer) => void,
  ) => void;
}

const GUNZIP: Inflater = { atOnce: gunzipSync, inBackground: gunzip };
const INFLATE: Inflater = { atOnce: inflateSync, inBackground: inflate };
const INFLATE_RAW: Inflater = { atOnce: inflateRawSync, inBackground: inflateRaw };

/** `deflate` is the zlib format (RFC 9110, 8.4.1.2), but some clients leave its two bytes of header out. */
function inflaterOf(body: Buffer, coding: Coding): Inflater {
  if (coding === 'gzip') return GUNZIP;
  const [first = 0, second = 0] = body;
  const zlib = (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
  return zlib ? INFLATE : INFLATE_RAW;
}

/** As much as gzip says at its end that will come out, so that it comes out in one piece; it may lie. */
function chunkSize(body: Buffer, coding: Coding, most: number): number {
  const told =
    coding === 'gzip' && body.length >= 18 ? body.readUInt32LE(body.length - 4) + 1 : 4 * body.length;
  return Math.max(constants.Z_DEFAULT_CHUNK, Math.min(told, most, MOST_CHUNK));
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

function broken(coding: Coding): RequestError {
  const message = `the body is not ${coding}, although content-encoding says so, or it ends too early`;
  return new RequestError(400, 'InvalidRequest', message);
}

function tooLarge(size: number, most: number, limit: number): RequestError {
  const message =
    most === limit
      ? `the body has more than ${limit} bytes once it is inflated; send fewer rows at once`
      : `the body of ${size} bytes inflates to more than ${most}, ${MOST_RATIO} times its size; send it uncompressed`;
  return new RequestError(413, 'BodyTooLarge', message);
}

/** Shorter answers are not compressed: it would take longer than sending them. */
export const LEAST_COMPRESSED = 4096;

/** The coding that a caller would take an answer in: the one that it likes best, gzip of equals. */
export function acceptedCoding(header: string | undefined): Coding | undefined {
  if (header === undefined) return undefined;
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const weight = parameters.find((text) => text.startsWith('q='))?.slice(2);
    weights.set(name === 'x-gzip' ? 'gzip' : name, weight === undefined ? 1 : Number(weight));
  }
  const weightOf = (name: Coding): number => weights.get(name) ?? weights.get('*') ?? 0;
  const best = weightOf('gzip') >= weightOf('deflate') ? 'gzip' : 'deflate';
  // An explicit identity that is liked better than compression is taken at its word.
  return weightOf(best) > 0 && weightOf(best) >= (weights.get('identity') ?? 0) ? best : undefined;
}

/** Compresses an answer in the background, quickly rather than well. */
export function compress(
  body: Buffer,
  coding: Coding,
  done: (error: Error | null, compressed: Buffer) => void,
): void {
  const options = {
    level: constants.Z_BEST_SPEED,
    chunkSize: Math.min(MOST_CHUNK, Math.max(1024, body.length)),
  };
  if (coding === 'gzip') gzip(body, options, done);
  else deflate(body, options, done);
}
