import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { boundedText, whyItFailed } from './bounded-answer.ts';

/** What a query came to: one number, or why there is none. */
export type QueryAnswer =
  { readonly kind: 'value'; readonly value: number } | { readonly kind: 'problem'; readonly problem: string };

export interface PrometheusClient {
  /** Never throws, and takes no longer than its deadline. */
  query(promql: string, signal: AbortSignal): Promise<QueryAnswer>;
}

export interface PrometheusOptions {
  /** With the path before /api/v1, where there is one. */
  readonly url: string;
  /** A bearer token, read anew for each query: a mounted one is renewed. */
  readonly tokenFile?: string | undefined;
  readonly timeoutMs?: number;
}

/** One number takes a few hundred bytes; a vector's labels may take more. */
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_TOKEN_CHARACTERS = 16 * 1024;

const sampleSchema = z.tuple([z.number(), z.string().max(64)]);
const answerSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.discriminatedUnion('resultType', [
      z.object({ resultType: z.literal('scalar'), result: sampleSchema }),
      z.object({
        resultType: z.literal('vector'),
        result: z.array(z.object({ value: sampleSchema.optional() })),
      }),
      z.object({ resultType: z.enum(['matrix', 'string', 'streams']) }),
    ]),
  }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);

/** Prometheus' HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries). */
export class HttpPrometheus implements PrometheusClient {
  readonly #url: string;
  readonly #tokenFile: string | undefined;
  readonly #timeoutMs: number;

  constructor({ url, tokenFile, timeoutMs = 5000 }: PrometheusOptions) {
    this.#url = `${url.replace(/\/+$/, '')}/api/v1/query`;
    this.#tokenFile = tokenFile;
    this.#timeoutMs = timeoutMs;
  }

  async query(promql: string, signal: AbortSignal): Promise<QueryAnswer> {
    const token = await this.#token();
    if (token.kind === 'problem') return token;
    try {
      // Two series are as wrong as a thousand, and shorter. Servers that know no limit ignore it.
      const timeout = `${this.#timeoutMs}ms`;
      const response = await fetch(this.#url, {
        method: 'POST',
        body: new URLSearchParams({ query: promql, timeout, limit: '2' }),
        headers: token.value === undefined ? {} : { authorization: `Bearer ${token.value}` },
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]),
        redirect: 'error',
      });
      return answerOf(response.status, await boundedText(response, MAX_ANSWER_BYTES));
    } catch (error) {
      return problem(`it could not be reached: ${whyItFailed(error, this.#timeoutMs)}`);
    }
  }

  async #token(): Promise<{ kind: 'token'; value: string | undefined } | Problem> {
    if (this.#tokenFile === undefined) return { kind: 'token', value: undefined };
    try {
      const text = (await readFile(this.#tokenFile, 'utf8')).trim();
      if (/^[\x21-\x7e]+$/.test(text) && text.length <= MAX_TOKEN_CHARACTERS) {
        return { kind: 'token', value: text };
      }
      return problem('the file of --prometheus-token-file holds no token');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      return problem(`the file of --prometheus-token-file cannot be read (${code})`);
    }
  }
}

type Problem = Extract<QueryAnswer, { kind: 'problem' }>;

function problem(text: string): Problem {
  return { kind: 'problem', problem: text };
}

function answerOf(status: number, text: string): QueryAnswer {
  const parsed = answerSchema.safeParse(jsonOf(text));
  if (!parsed.success) {
    const hint = status === 401 || status === 403 ? ': it asks for a token (--prometheus-token-file)' : '';
    return problem(status === 200 ? 'its answer is none of Prometheus' : `HTTP ${status}${hint}`);
  }
  const answer = parsed.data;
  if (answer.status === 'error') return problem(`${answer.errorType}: ${answer.error.slice(0, 300)}`);
  const { data } = answer;
  if (data.resultType === 'scalar') return valueOf(data.result[1]);
  if (data.resultType !== 'vector') {
    return problem(`the query is a ${data.resultType}, and one number is needed`);
  }
  const [first, second] = data.result;
  if (first === undefined) return problem('the query has no result: no series matches it');
  if (second !== undefined) {
    return problem('the query has several series, and one number is needed: sum() or max() makes one');
  }
  if (first.value === undefined) return problem('the query is a histogram, and one number is needed');
  return valueOf(first.value[1]);
}

/** Prometheus writes numbers as Go does: +Inf, -Inf, NaN, 1e-05. */
function valueOf(text: string): QueryAnswer {
  if (/^[+-]?Inf$|^NaN$/.test(text)) {
    const hint = text === 'NaN' ? ', which is what a division by zero gives' : '';
    return problem(`the query is ${text}${hint}`);
  }
  const value = text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(value) ? { kind: 'value', value } : problem('its answer is no number');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
