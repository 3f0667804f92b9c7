import type { Pool } from 'undici';
import { FORWARDED_HEADER, FORWARDED_TOKEN_HEADER, REQUEST_ID_HEADER } from '#contract/names.ts';
import type { Traffic } from '#contract/traffic.ts';
import type { ForwardOutcome } from '#runtime/metrics.ts';
import { JSON_LENGTH_HEADER } from '#runtime/protocol/answer-body.ts';

/** A prediction request as it is passed on. */
export interface ForwardRequest {
  readonly path: string;
  /** Inflated. */
  readonly body: Buffer;
  readonly contentType: string | undefined;
  /** Where the JSON ends and the bytes of tensors begin; undefined where there are none. */
  readonly jsonLength: number | undefined;
  readonly requestId: string;
  readonly traceparent: string | undefined;
}

export interface ForwardedAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface ForwardFailure {
  readonly kind: 'failed';
  readonly outcome: Exclude<ForwardOutcome, 'ok'>;
  readonly message: string;
}

export interface ForwarderOptions {
  /** This pod's revision, for the header. */
  readonly revision: string;
  /** The stable revision has this long for its whole answer. */
  readonly deadlineMs: number;
  /** A longer answer is not held. */
  readonly maxAnswerBytes: number;
}

/** After a connection could not be made, requests are answered here for so long without another try. */
const REST_MS = 250;

/** Passes requests on to the stable revision's pods over kept-alive connections, one pool per traffic generation. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  #pool: OpenedPool | undefined;
  #restUntil = 0;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Opens the pool for a traffic file, and lets go of an earlier one once its requests are answered. */
  use(traffic: Traffic | undefined): void {
    const old = this.#pool;
    const url = traffic?.stable.url;
    if (old?.generation === traffic?.generation && old?.url === url) return;
    this.#restUntil = 0;
    this.#pool = traffic === undefined ? undefined : opening(traffic);
    void old?.opened.then((pool) => pool.close()).catch(() => undefined);
  }

  /** The whole answer of the stable revision, whatever its status, or why there is none. */
  async forward(request: ForwardRequest): Promise<ForwardedAnswer | ForwardFailure> {
    if (this.#pool === undefined || performance.now() < this.#restUntil) {
      return {
        kind: 'failed',
        outcome: 'skipped',
        message: 'the stable revision could not be reached a moment ago',
      };
    }
    const signal = AbortSignal.timeout(this.#options.deadlineMs);
    const first = await this.#attempt(this.#pool, request, signal);
    // A kept-alive connection may have been closed while it was idle: a prediction may be asked for twice.
    const again = isFailure(first, 'reset') ? this.#pool : undefined;
    const last = again === undefined ? first : await this.#attempt(again, request, signal);
    if (isFailure(last, 'connect')) this.#restUntil = performance.now() + REST_MS;
    return last;
  }

  async #attempt(
    { opened, token }: OpenedPool,
    request: ForwardRequest,
    signal: AbortSignal,
  ): Promise<ForwardedAnswer | ForwardFailure> {
    try {
      const pool = await opened;
      const { statusCode, headers, body } = await pool.request({
        method: 'POST',
        path: request.path,
        body: request.body,
        headers: {
          [FORWARDED_HEADER]: this.#options.revision,
          [REQUEST_ID_HEADER]: request.requestId,
          ...(token === undefined ? {} : { [FORWARDED_TOKEN_HEADER]: token }),
          ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
          ...(request.jsonLength === undefined ? {} : { [JSON_LENGTH_HEADER]: String(request.jsonLength) }),
          ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
        },
        signal,
      });
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > this.#options.maxAnswerBytes) {
          return {
            kind: 'failed',
            outcome: 'too_large',
            message: `the answer has more than ${this.#options.maxAnswerBytes} bytes`,
          };
        }
        chunks.push(chunk);
      }
      return { kind: 'answer', status: statusCode, headers, body: Buffer.concat(chunks) };
    } catch (error) {
      return { kind: 'failed', outcome: failureOf(error), message: String(error) };
    }
  }

  async close(): Promise<void> {
    const old = this.#pool;
    this.#pool = undefined;
    await old?.opened.then((pool) => pool.destroy()).catch(() => undefined);
  }
}

interface OpenedPool {
  readonly generation: number;
  readonly url: string;
  readonly token: string | undefined;
  readonly opened: Promise<Pool>;
}

function opening({ generation, token, stable: { url } }: Traffic): OpenedPool {
  const opened = openPool(url);
  // Who forwards hears of it; where nobody does, it must not end the process.
  opened.catch(() => undefined);
  return { generation, url, token, opened };
}

function isFailure(result: ForwardedAnswer | ForwardFailure, outcome: ForwardOutcome): boolean {
  return result.kind === 'failed' && result.outcome === outcome;
}

/** undici costs a few MB, which only a pod that forwards has to pay. */
async function openPool(url: string): Promise<Pool> {
  const { poolOf } = await import('./pool.ts');
  return poolOf(url);
}

const CONNECT_CODES = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
]);

function failureOf(error: unknown): 'connect' | 'reset' | 'timeout' {
  const { name, code } = describe(error);
  if (name === 'TimeoutError' || name === 'AbortError' || /_(HEADERS|BODY)_TIMEOUT$/.test(code))
    return 'timeout';
  return CONNECT_CODES.has(code) ? 'connect' : 'reset';
}

function describe(error: unknown): { readonly name: string; readonly code: string } {
  if (!(error instanceof Error)) return { name: '', code: '' };
  return { name: error.name, code: 'code' in error ? String(error.code) : '' };
}
