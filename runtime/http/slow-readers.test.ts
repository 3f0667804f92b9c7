import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listen } from './front.ts';
import { cutSlowReaders } from './slow-readers.ts';

/** More than the kernel takes over for either side. */
const ANSWER = Buffer.alloc(24 * 1024 * 1024, 'x');

let server: Server;
let port: number;
let cuts: number;

beforeEach(async () => {
  const responses = new WeakMap<Socket, ServerResponse>();
  cuts = 0;
  server = createServer((request, response) => {
    responses.set(request.socket, response);
    response.end(request.url === '/long' ? ANSWER : ANSWER.subarray(0, 100_000));
  });
  cutSlowReaders(
    server,
    300,
    (socket) => responses.get(socket),
    () => cuts++,
  );
  port = await listen(server, 0, '127.0.0.1');
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test('who does not read a long answer in time is cut', async () => {
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.write('GET /long HTTP/1.1\r\nhost: a\r\n\r\n');
  await setTimeout(900);
  expect(cuts).toBe(1);
  socket.destroy();
});

test('who reads it is not, nor who keeps a connection for later', async () => {
  const get = async () => (await (await fetch(`http://127.0.0.1:${port}/short`)).arrayBuffer()).byteLength;
  expect(await get()).toBe(100_000);
  await setTimeout(900);
  expect(await get()).toBe(100_000);
  expect(cuts).toBe(0);
});
