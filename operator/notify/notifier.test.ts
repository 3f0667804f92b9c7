import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { Log } from '#operator/logging.ts';
import type { NotificationResult } from '#operator/metrics/index.ts';
import { NOTIFICATION_KINDS, type Notification, type NotificationKind } from './notification.ts';
import { Notifier, type Timings } from './notifier.ts';
import { compileTemplate } from './template.ts';

interface Received {
  readonly body: unknown;
  readonly id: string | undefined;
  readonly at: number;
}

type Answer =
  number | { readonly status: number; readonly headers: Readonly<Record<string, string>> } | 'hang' | 'reset';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A webhook that gives these answers, the last one for ever. */
async function webhook(...answers: readonly Answer[]): Promise<{ url: URL; received: Received[] }> {
  const received: Received[] = [];
  const answerTo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await textOf(request);
    const answer = answers[Math.min(received.length, answers.length - 1)] ?? 200;
    const id = request.headers['idempotency-key'];
    received.push({ body: JSON.parse(text), id: id?.toString(), at: performance.now() });
    if (answer === 'hang') return;
    if (answer === 'reset') request.socket.destroy();
    else if (typeof answer === 'number') response.writeHead(answer).end('a secret of the receiver');
    else response.writeHead(answer.status, answer.headers).end();
  };
  server = createServer((request, response) => void answerTo(request, response));
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}/hook/SECRET`), received };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

interface Setting {
  readonly notifier: Notifier;
  readonly results: NotificationResult[];
  readonly logged: string[];
}

function notifierOf(
  url: URL,
  timings: Partial<Timings> = {},
  kinds: readonly NotificationKind[] = NOTIFICATION_KINDS,
): Setting {
  const results: NotificationResult[] = [];
  const logged: string[] = [];
  const write = (fields: object, message: string): void =>
    void logged.push(JSON.stringify({ ...fields, message }));
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const notifier = new Notifier({
    url,
    template: compileTemplate('{"text": "{{name}} {{kind}}: {{message}}"}'),
    kinds: new Set(kinds),
    log,
    onResult: (result) => results.push(result),
    timings: { tryMs: 10_000, waitsMs: [5, 5, 5], longestWaitMs: 100, ...timings },
  });
  return { notifier, results, logged };
}

const of = (message: string, kind: NotificationKind = 'undone'): Notification => ({
  kind,
  namespace: 'churn',
  name: 'bank',
  revision: 'bank-1',
  number: '4',
  from: 'bank-1',
  to: 'bank-0',
  reason: 'Undone',
  message,
  time: '2026-01-01T00:00:00.000Z',
  command: '',
});

it('posts what the template makes of a happening, in order', async () => {
  const { url, received } = await webhook(200, 204);
  const { notifier, results } = notifierOf(url);
  notifier.notify(of('a "b"'));
  notifier.notify(of('c'));
  await expect.poll(() => results, { timeout: 15_000 }).toEqual(['sent', 'sent']);
  expect(received.map(({ body }) => body)).toEqual([
    { text: 'bank undone: a "b"' },
    { text: 'bank undone: c' },
  ]);
});

it('tells a happening once, and nothing of kinds that nobody asked for', async () => {
  const { url, received } = await webhook(200);
  const { notifier, results } = notifierOf(url, {}, ['undone']);
  for (const message of ['a', 'a', 'b', 'a']) notifier.notify(of(message));
  notifier.notify(of('c', 'promoted'));
  await expect.poll(() => results, { timeout: 15_000 }).toEqual(['sent', 'sent']);
  expect(received).toHaveLength(2);
});

it.each<[string, readonly Answer[]]>([
  ['too many requests', [429, 200]],
  ['an error of the server', [503, 500, 200]],
  ['a connection that is reset', ['reset', 200]],
  ['no answer in time', ['hang', 200]],
])('tries again after %s, under the same key', async (_, answers) => {
  const { url, received } = await webhook(...answers);
  const { notifier, results, logged } = notifierOf(url, answers.includes('hang') ? { tryMs: 500 } : {});
  notifier.notify(of('a'));
  await expect.poll(() => results, { timeout: 15_000 }).toEqual(['sent']);
  expect(received).toHaveLength(answers.length);
  expect(new Set(received.map(({ id }) => id)).size).toBe(1);
  expect(logged).toEqual([]);
});

it.each<[string, Answer, number]>([
  ['an answer that says no', 404, 1],
  ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 1],
  ['four errors', 500, 4],
])('gives up after %s, and says why without the URL or the answer', async (_, answer, tries) => {
  const { url, received } = await webhook(answer);
  const { notifier, results, logged } = notifierOf(url);
  notifier.notify(of('a'));
  await expect.poll(() => results, { timeout: 15_000 }).toEqual(['failed']);
  expect(received).toHaveLength(tries);
  expect(logged).toHaveLength(1);
  expect(logged[0]).toMatch(new RegExp(`"tries":${tries},"why":"it answered \\d{3}"`));
  expect(logged[0]).not.toMatch(/SECRET|secret|127\.0\.0\.1|hook/);
});

it('names no address where nobody listens', async () => {
  const { notifier, results, logged } = notifierOf(new URL('http://127.0.0.1:1/hook/SECRET'), {
    waitsMs: [],
  });
  notifier.notify(of('a'));
  await expect.poll(() => results, { timeout: 15_000 }).toEqual(['failed']);
  expect(logged[0]).toContain('no answer');
  expect(logged[0]).not.toMatch(/SECRET|127\.0\.0\.1/);
});

it('waits as long as the receiver asks for, but not for ever', async () => {
  const { url, received } = await webhook({ status: 429, headers: { 'retry-after': '3600' } }, 200);
  const { notifier, results } = notifierOf(url, { longestWaitMs: 100 });
  notifier.notify(of('a'));
  await expect.poll(() => results, { timeout: 15_000 }).toEqual(['sent']);
  expect((received[1]?.at ?? 0) - (received[0]?.at ?? 0)).toBeGreaterThan(90);
});

it('takes what comes in no time while the receiver hangs, and drops what finds no room', async () => {
  const { url } = await webhook('hang');
  const { notifier, results, logged } = notifierOf(url, { tryMs: 60_000 });
  const start = performance.now();
  for (let each = 0; each < 300; each++) notifier.notify(of(String(each)));
  expect(performance.now() - start).toBeLessThan(100);
  // One is on its way, 256 wait.
  expect(results).toEqual(Array.from({ length: 43 }, () => 'dropped'));
  expect(logged).toHaveLength(43);
});
