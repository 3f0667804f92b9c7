import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { DirectRequest } from './direct-request.ts';
import { openSocket, postBytes, type OpenSocket } from './test-sockets.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Answers a body with itself, or `refused` before it arrived where the path is /refuse. */
async function echo(seen: string[] = []): Promise<Server> {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url === '/refuse') return void response.end('refused');
    if (!(request instanceof DirectRequest)) throw new TypeError('not the class that the server was given');
    const chunks: Buffer[] = [];
    request.readDirectly({
      chunk: (bytes) => void chunks.push(bytes),
      end: () => {
        seen.push(Buffer.concat(chunks).toString());
        response.end(Buffer.concat(chunks));
      },
    });
  };
  const server = createServer({ IncomingMessage: DirectRequest }, onRequest);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

async function open(server: Server): Promise<OpenSocket> {
  const opened = await openSocket(server);
  closing.push(() => opened.socket.destroy());
  return opened;
}

function post(body: string, path = '/'): string {
  return postBytes(body, path);
}

test('a connection is used again, and pipelined requests are answered in their order', async () => {
  const { socket, said } = await open(await echo());
  socket.write(post('one'));
  await expect.poll(said).toMatch(/one$/);
  socket.write(post('two') + post('three') + post('', '/refuse') + post('four'));
  await expect.poll(said).toMatch(/one.*two.*three.*refused.*four$/s);
});

test('a body that comes in pieces is read to its end, and what a refused one sends is no request', async () => {
  const seen: string[] = [];
  const { socket, said } = await open(await echo(seen));
  const [head = '', body = ''] = post('a long body').split(/(?<=\r\n\r\n)/);
  for (const piece of [head, ...body.split('')]) {
    socket.write(piece);
    await sleep(1);
  }
  await expect.poll(said).toMatch(/a long body$/);
  socket.write(post(post('smuggled'), '/refuse') + post('last'));
  await expect.poll(said).toMatch(/last$/);
  expect(seen).toEqual(['a long body', 'last']);
});

test('a caller that goes away before the end of its body is never answered', async () => {
  const seen: string[] = [];
  const server = await echo(seen);
  const { socket } = await open(server);
  socket.write(post('a long body').slice(0, -3));
  await sleep(20);
  socket.destroy();
  const closed = new Promise((resolve) => server.close(resolve));
  await closed;
  expect(seen).toEqual([]);
});

test('node:http lets go of a request that was read directly', async () => {
  const server = await echo();
  const requests: WeakRef<IncomingMessage>[] = [];
  const sockets: Socket[] = [];
  server.on('request', (request: IncomingMessage) => {
    requests.push(new WeakRef(request));
    sockets.push(request.socket);
  });
  const { socket, said } = await open(server);
  socket.write(post('one'));
  await expect.poll(said).toMatch(/one$/);
  await expect.poll(() => requests[0]?.deref()?.readableEnded).toBe(true);
  expect(sockets[0]).toMatchObject({ parser: { incoming: null } });
});
