import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { REVISION_HEADER } from '#contract/names.ts';
import { startLoad, type SteadyPlan } from './index.ts';

let server: http.Server | undefined;

async function listen(
  handler: http.RequestListener,
): Promise<{ plan: SteadyPlan; connections: () => number }> {
  let connections = 0;
  server = http.createServer(handler).on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const plan = {
    host: '127.0.0.1',
    port,
    path: '/predict',
    body: '{}',
    ratePerSecond: 500,
    connections: 4,
    freshEvery: 10,
    timeoutMs: 1000,
    predictions: [1, 2],
  };
  return { plan, connections: () => connections };
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

function answer(response: http.ServerResponse, revision: string, prediction: number): void {
  const body = JSON.stringify({ prediction });
  response.setHeader('content-length', body.length).setHeader(REVISION_HEADER, revision).end(body);
}

test('a steady load keeps its rate on kept-alive and fresh connections, and counts answers by revision', async () => {
  let turn = 0;
  const { plan, connections } = await listen((_, response) =>
    answer(response, turn++ % 4 === 0 ? 'b' : 'a', 1),
  );
  const load = startLoad(plan);
  await sleep(1500);
  const recording = await load.stop();
  expect([...recording.failures()]).toEqual([]);
  expect(recording.sent).toBeGreaterThan(400);
  const { a = 0, b = 0 } = Object.fromEntries(recording.revisions());
  expect(a + b).toBe(recording.sent);
  expect(b / recording.sent).toBeCloseTo(0.25, 1);
  expect(connections()).toBeGreaterThan(recording.sent / 10);
  expect(connections()).toBeLessThan(recording.sent / 4);
  expect(recording.lastAnswerOf('c')).toBeUndefined();
  expect(recording.lastAnswerOf('b')).toBeGreaterThan(Date.now() - 1000);
});

test('every request ends once: as an answer, or as a failure with its cause', async () => {
  let turn = 0;
  const { plan } = await listen((request, response) => {
    turn += 1;
    if (turn % 5 === 0) request.socket.destroy();
    else if (turn % 5 === 1) response.setHeader('content-length', 4).writeHead(503).end('busy');
    else if (turn % 5 === 2) answer(response, 'a', 3);
    else if (turn % 5 === 3)
      return; // never answers
    else answer(response, 'a', 2);
  });
  const load = startLoad({ ...plan, ratePerSecond: 100 });
  await sleep(1500);
  const recording = await load.stop();
  const causes = recording.failures();
  const failed = [...causes.values()].reduce((sum, count) => sum + count, 0);
  expect(failed + (recording.revisions().get('a') ?? 0)).toBe(recording.sent);
  expect([...causes.keys()].join()).toMatch(/status 503: busy/);
  expect([...causes.keys()].join()).toMatch(/a wrong answer/);
  expect([...causes.keys()].join()).toMatch(/no answer within 1000 ms/);
  expect([...causes.keys()].join()).toMatch(/closed|ECONNRESET|hang up/);
});
