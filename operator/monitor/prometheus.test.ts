import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { HttpPrometheus } from './prometheus.ts';
import type { PrometheusOptions, QueryAnswer } from './prometheus.ts';
import { withServer } from './testing.ts';

async function query(
  listener: RequestListener,
  options: Partial<PrometheusOptions> = {},
  promql = 'up',
): Promise<QueryAnswer> {
  return withServer(listener, async (port) => {
    const url = `http://127.0.0.1:${port}${options.url ?? ''}`;
    return new HttpPrometheus({ ...options, url }).query(promql, new AbortController().signal);
  });
}

function answering(body: unknown, status = 200): RequestListener {
  return (_, response) =>
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
}

const success = (resultType: string, result: unknown): unknown => ({
  status: 'success',
  data: { resultType, result },
});
const series = (value: string, name = 'a'): unknown => ({ metric: { name }, value: [1700000000.1, value] });

describe('a query of Prometheus', () => {
  it.each([
    ['a vector with one series', success('vector', [series('0.25')]), 0.25],
    ['a scalar', success('scalar', [1700000000, '3']), 3],
    ['a small number', success('vector', [series('1e-05')]), 0.00001],
  ])('gives the number of %s', async (_, body, value) => {
    expect(await query(answering(body))).toEqual({ kind: 'value', value });
  });

  it.each<[string, RequestListener, RegExp]>([
    ['no series', answering(success('vector', [])), /no result: no series matches/],
    [
      'several series',
      answering(success('vector', [series('1'), series('2', 'b')])),
      /several series.*sum\(\)/,
    ],
    ['a native histogram', answering(success('vector', [{ metric: {}, histogram: [1, {}] }])), /a histogram/],
    ['a matrix', answering(success('matrix', [])), /a matrix, and one number/],
    ['NaN', answering(success('vector', [series('NaN')])), /is NaN, which is what a division by zero/],
    ['+Inf', answering(success('vector', [series('+Inf')])), /is \+Inf/],
    ['-Inf', answering(success('scalar', [1, '-Inf'])), /is -Inf/],
    ['no number', answering(success('vector', [series('0x')])), /no number/],
    ['an empty number', answering(success('vector', [series('')])), /no number/],
    [
      'a query that is no PromQL',
      answering({ status: 'error', errorType: 'bad_data', error: '1:3: parse error: unclosed' }, 400),
      /bad_data: 1:3: parse error/,
    ],
    ['an HTTP error', answering('<html>', 502), /^HTTP 502$/],
    [
      'a demand for a token',
      answering('no', 401),
      /HTTP 401: it asks for a token \(--prometheus-token-file\)/,
    ],
    ['something else', answering('<html>'), /none of Prometheus/],
    [
      'a redirect',
      (_, response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
      /redirect/,
    ],
    ['too much', answering(`"${'x'.repeat(70_000)}"`), /more than 65536 bytes/],
    ['nothing', () => undefined, /no answer within 200 ms/],
    ['a closed connection', (request) => request.socket.destroy(), /could not be reached: /],
  ])('is a problem and no number with %s', async (_, listener, problem) => {
    const answer = await query(listener, { timeoutMs: 200 });
    expect(answer).toMatchObject({ kind: 'problem', problem: expect.stringMatching(problem) as string });
  });

  it('goes as a form to /api/v1/query behind the path of the URL', async () => {
    const asked: { request?: IncomingMessage; form?: URLSearchParams } = {};
    const listener: RequestListener = (request, response) => {
      const take = async (): Promise<void> => {
        asked.form = new URLSearchParams(await text(request));
        asked.request = request;
        answering(success('scalar', [1, '1']))(request, response);
      };
      void take();
    };
    const promql = 'sum(rate(a{b="c&d=e"}[1m])) > 0 # +';
    await query(listener, { url: '/prometheus/' }, promql);
    expect(asked.request?.method).toBe('POST');
    expect(asked.request?.url).toBe('/prometheus/api/v1/query');
    expect(asked.form?.get('query')).toBe(promql);
    expect(asked.request?.headers.authorization).toBeUndefined();
  });

  it('shows the token of a file, read anew each time, and says where there is none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'windlass-token-'));
    const tokenFile = join(folder, 'token');
    const seen: (string | undefined)[] = [];
    const listener: RequestListener = (request, response) => {
      seen.push(request.headers.authorization);
      answering(success('scalar', [1, '1']))(request, response);
    };
    try {
      expect(await query(listener, { tokenFile })).toMatchObject({
        problem: 'the file of --prometheus-token-file cannot be read (ENOENT)',
      });
      for (const token of ['first\n', 'second']) {
        await writeFile(tokenFile, token);
        await query(listener, { tokenFile });
      }
      await writeFile(tokenFile, 'two\nlines');
      expect(await query(listener, { tokenFile })).toMatchObject({ kind: 'problem' });
    } finally {
      await rm(folder, { recursive: true });
    }
    expect(seen).toEqual(['Bearer first', 'Bearer second']);
  });
});
