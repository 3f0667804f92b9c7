import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { askPod } from './pod-probe.ts';

async function ask(status: number, body: string): Promise<number> {
  const server = createServer((_, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return await askPod('127.0.0.1', port, new AbortController().signal);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test.each([
  ['the generation that it has applied', '{"generation": 7, "stable": true}', 7],
  ['0 where it has none', '{"generation": null}', 0],
])('a pod says %s', async (_, body, generation) => {
  expect(await ask(200, body)).toBe(generation);
});

test.each([
  ['an error', 503, '{"generation": 7}', 'HTTP 503'],
  ['no number', 200, '{"generation": "7"}', 'expected number'],
  ['no JSON', 200, 'hello', 'JSON'],
  [
    'more than a pod has to say',
    200,
    `{"generation": 7, "more": "${'x'.repeat(20_000)}"}`,
    'more than 16384',
  ],
])('an answer with %s counts as none', async (_, status, body, message) => {
  await expect(ask(status, body)).rejects.toThrow(message);
});
