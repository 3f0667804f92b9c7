import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { REVISION_HEADER } from '#contract/names.ts';
import { Load } from './load.ts';

let server: http.Server | undefined;
let connections = 0;

async function listen(handler: http.RequestListener): Promise<string> {
  connections = 0;
  server = http.createServer(handler).on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/predict`;
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

test('kept-alive clients hold one connection each and keep the rate', async () => {
  const url = await listen((_, response) => response.setHeader(REVISION_HEADER, 'a').end('{}'));
  const load = new Load({ url, body: '{}', ratePerSecond: 200, connections: 'keptAlive', clients: 4 });
  await sleep(1000);
  const report = await load.stop();
  expect(report.failures).toEqual([]);
  expect(connections).toBe(4);
  expect(report.sent).toBeGreaterThan(150);
  expect(report.revisions.get('a')?.count).toBe(report.sent);
});

test('a status, a reset and a wrong answer are each counted as failures', async () => {
  let turn = 0;
  const url = await listen((request, response) => {
    turn += 1;
    if (turn % 3 === 0) request.socket.destroy();
    else if (turn % 3 === 1) response.writeHead(503).end('busy');
    else response.end('wrong');
  });
  const verify = (status: number, body: string) =>
    status === 200 && body === 'wrong' ? 'not it' : undefined;
  const load = new Load({ url, body: '{}', ratePerSecond: 100, connections: 'fresh', clients: 2, verify });
  await sleep(500);
  const report = await load.stop();
  expect(report.failures).toHaveLength(report.sent);
  expect(new Set(report.failures.map((failure) => failure.error))).toEqual(
    new Set(['503 busy', 'not it', 'socket hang up']),
  );
});
