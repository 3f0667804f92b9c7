import { isDeepStrictEqual } from 'node:util';
import type { Pool } from 'undici';
import { FORWARDED_HEADER, FORWARDED_TOKEN_HEADER, REQUEST_ID_HEADER } from '#contract/names.ts';
import { JSON_LENGTH_HEADER } from '#runtime/protocol/answer-body.ts';
import { answerProblem } from './answer-problem.ts';
import { deadlineIn } from './deadline.ts';
import { failureOf, judgeStatus, type FailedOutcome, type ForwardOutcome } from './outcome.ts';
import { Rest } from './rest.ts';

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
  readonly outcome: FailedOutcome;
  readonly message: string;
}

/** Whom to ask: one revision, as one generation of the traffic file has it. */
export interface Target {
  readonly url: string;
  readonly generation: number;
  readonly token: string | undefined;
  /** It has this long for its whole answer. */
  readonly deadlineMs: number;
}

export interface ForwarderOptions {
  /** This pod's revision, for the header. */
  readonly revision: string;
  /** A longer answer is not held. */
  readonly maxAnswerBytes: number;
  readonly now?: () => number;
}

const SKIPPED: ForwardFailure = {
  kind: 'failed',
  outcome: 'skipped',
  message: 'it could not be reached, or did not answer in time, a moment ago',
};

/** Passes requests on to one revision's pods over kept-alive connections, one pool per traffic generation. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #now: () => number;
  #opened: Opened | undefined;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Opens the pool for a target, and lets go of an earlier one once its requests are answered. */
  use(target: Target | undefined): void {
    const old = this.#opened;
    if (isDeepStrictEqual(old?.target, target)) return;
    this.#opened = target === undefined ? undefined : opening(target);
    void old?.pool.then((pool) => pool.close()).catch(() => undefined);
  }

  /** The whole answer, whatever its status, or why there is none that a client may be given. */
  async forward(request: ForwardRequest): Promise<ForwardedAnswer | ForwardFailure> {
    const opened = this.#opened;
    const permit = opened?.rest.begin(this.#now());
    if (opened === undefined || permit === undefined) return SKIPPED;
    // Whoever is the first waits for undici too, which is not the target's fault.
    await opened.pool.catch(() => undefined);
    const deadline = deadlineIn(opened.target.deadlineMs);
    const first = await this.#attempt(opened, request, deadline.signal);
    // A kept-alive connection may have been closed while it was idle: a prediction may be asked for twice.
    const last = isFailure(first, 'reset') ? await this.#attempt(opened, request, deadline.signal) : first;
    deadline.clear();
    opened.rest.ended(permit, last.kind === 'failed' ? last.outcome : 'ok', this.#now());
    return last;
  }

  async #attempt(
    { pool: opened, target }: Opened,
    request: ForwardRequest,
    signal: AbortSignal,
  ): Promise<ForwardedAnswer | ForwardFailure> {
    try {
      const pool = await opened;
      const headers = headersOf(request, this.#options.revision, target.token);
      const { path, body } = request;
      const response = await pool.request({ method: 'POST', path, body, headers, signal });
      const answer = await gathered(response.body as AsyncIterable<Buffer>, this.#options.maxAnswerBytes);
      if (answer === undefined) {
        const message = `the answer has more than ${this.#options.maxAnswerBytes} bytes`;
        return { kind: 'failed', outcome: 'too_large', message };
      }
      const { statusCode: status } = response;
      const problem = judgeStatus(status) === 'answer' ? answerProblem(response.headers, answer) : undefined;
      if (problem !== undefined) return { kind: 'failed', outcome: 'malformed', message: problem };
      return { kind: 'answer', status, headers: response.headers, body: answer };
    } catch (error) {
      return { kind: 'failed', outcome: failureOf(error), message: String(error) };
    }
  }

  async close(): Promise<void> {
    const old = this.#opened;
    this.#opened = undefined;
    await old?.pool.then((pool) => pool.destroy()).catch(() => undefined);
  }
}

interface Opened {
  readonly target: Target;
  readonly rest: Rest;
  readonly pool: Promise<Pool>;
}

function opening(target: Target): Opened {
  const pool = openPool(target.url);
  // Who forwards hears of it; where nobody does, it must not end the process.
  pool.catch(() => undefined);
  return { target, rest: new Rest(), pool };
}

/**
 * Loads what forwarding takes, before a pod is ready: at the moment of an undo all its clients would wait for it. A server
 * that has no traffic file never forwards, and saves the few MB of undici.
 */
export async function prepareForwarding(): Promise<void> {
  await import('./pool.ts');
}

async function openPool(url: string): Promise<Pool> {
  const { poolOf } = await import('./pool.ts');
  return poolOf(url);
}

function headersOf(
  { requestId, contentType, jsonLength, traceparent }: ForwardRequest,
  revision: string,
  token: string | undefined,
): Record<string, string> {
  return {
    [FORWARDED_HEADER]: revision,
    [REQUEST_ID_HEADER]: requestId,
    ...(token === undefined ? {} : { [FORWARDED_TOKEN_HEADER]: token }),
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(jsonLength === undefined ? {} : { [JSON_LENGTH_HEADER]: String(jsonLength) }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/** undefined where there is more than `limit` bytes. */
async function gathered(body: AsyncIterable<Buffer>, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function isFailure(result: ForwardedAnswer | ForwardFailure, outcome: ForwardOutcome): boolean {
  return result.kind === 'failed' && result.outcome === outcome;
}
