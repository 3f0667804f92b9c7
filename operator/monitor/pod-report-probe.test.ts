import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { podReportSchema } from '#contract/pod-report.ts';
import type { PodReport } from '#contract/pod-report.ts';
import { copies, side } from '#operator/rollout/checks-testing.ts';
import { askPodForReport } from './pod-report-probe.ts';
import { withServer } from './testing.ts';

const REPORT = podReportSchema.parse({
  revision: 'a-1',
  generation: 3,
  weight: 5,
  shadow: 0,
  instance: 'one',
  served: side(3),
  rollout: { candidate: 'a-2', number: 2, stable: side(2), forwarded: side(1), copied: copies() },
});

async function ask(listener: RequestListener): Promise<PodReport> {
  return withServer(listener, async (port) =>
    askPodForReport('127.0.0.1', port, new AbortController().signal),
  );
}

function namesOf(count: number, text: string): Readonly<Record<string, number>> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${text}${i}`, 1]));
}

function answering(body: string, status = 200): RequestListener {
  return (_, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}

describe('a pod’s report', () => {
  it('is what it says on its path', async () => {
    const found = await ask((request, response) =>
      answering(request.url === '/windlass/v1/traffic' ? JSON.stringify(REPORT) : '{}')(request, response),
    );
    expect(found).toEqual(REPORT);
  });

  it('of an earlier runtime has a generation and no counts', async () => {
    expect(await ask(answering('{"generation": 7, "stable": true}'))).toEqual({ generation: 7 });
  });

  it.each<[string, RequestListener, string]>([
    ['an error', answering('{}', 503), 'HTTP 503'],
    ['no JSON', answering('<script>'), 'no report of a pod'],
    ['a negative count', answering('{"generation": -1}'), 'no report of a pod'],
    ['text for numbers', answering('{"served": {"requests": "many"}}'), 'no report of a pod'],
    [
      'more names than it may have',
      answering(JSON.stringify({ served: side(1, { failures: namesOf(33, 'f') }) })),
      'no report of a pod',
    ],
    [
      'more bins than it may have',
      answering(JSON.stringify({ served: side(1, { predictions: namesOf(111, 'bin ') }) })),
      'no report of a pod',
    ],
    [
      'a longer name than it may have',
      answering(JSON.stringify({ served: side(1, { predictions: namesOf(1, 'x'.repeat(64)) }) })),
      'no report of a pod',
    ],
    [
      'a gigabyte',
      (_, response) => {
        const chunk = 'x'.repeat(1 << 20);
        const more = (): void => {
          while (!response.destroyed && response.write(chunk));
        };
        response.on('drain', more).on('error', () => undefined);
        more();
      },
      'more than 65536 bytes',
    ],
    [
      'a redirect',
      (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      'redirect',
    ],
    ['a closed connection', (request) => request.socket.destroy(), 'UND_ERR_SOCKET'],
    ['nothing at all', () => undefined, 'no answer within 1500 ms'],
    ['a beginning and no end', (_, response) => response.write('{'), 'no answer within 1500 ms'],
  ])('that is %s is none, and the message quotes nothing of it', async (_, listener, message) => {
    const failure: unknown = await ask(listener).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect((failure as Error).message).toContain(message);
    expect((failure as Error).message).not.toMatch(/script|169\.254|many/);
  });

  it('is none where nobody listens', async () => {
    const port = await withServer(answering(''), async (free) => Promise.resolve(free));
    const asked = askPodForReport('127.0.0.1', port, new AbortController().signal);
    await expect(asked).rejects.toThrow('ECONNREFUSED');
  });
});
