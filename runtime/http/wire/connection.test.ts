import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { Caller } from '../caller.ts';
import { openSocket, postBytes, type OpenSocket } from '../test-sockets.ts';
import { WireServer } from './index.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface Echo {
  readonly server: WireServer;
  /** Bodies that were read by hand. */
  readonly byHand: string[];
  /** Paths that node:http read. */
  readonly byNode: string[];
  readonly callers: Caller[];
  readonly unread: number[];
  /** Requests that are not answered until they are let go. */
  readonly held: (() => void)[];
}

/** Answers a body with itself; /predict_batch once it is let go. */
async function echo({
  headersTimeoutMs = 5000,
  requestTimeoutMs = 5000,
  keepAliveMs = 5000,
} = {}): Promise<Echo> {
  const seen: Omit<Echo, 'server'> = { byHand: [], byNode: [], callers: [], unread: [], held: [] };
  const onRequest = (caller: Caller): void => {
    const done = (body: Buffer): void => {
      seen.byHand.push(body.toString());
      seen.callers.push(caller);
      const reply = { status: 200, body: caller.url.startsWith('/predict?') ? LONG : body };
      if (caller.url === '/predict_batch') seen.held.push(() => caller.answer(reply));
      else caller.answer({ ...reply, close: body.toString() === 'close' });
    };
    caller.readBody(1e6, { grown: () => undefined, done, refuse: () => undefined });
  };
  const server = new WireServer(
    {
      connectionsCheckingInterval: 50,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveMs,
    },
    {
      onRequest,
      onUnread: (_url, bytes) => seen.unread.push(bytes),
    },
  );
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    seen.byNode.push(request.url ?? '');
    request.resume();
    request.on('end', () => response.end(`node ${request.url}`));
  });
  server.on('clientError', (error: Error, socket: Socket) => socket.end(`refused ${error.message}`));
  server.takeConnections();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, ...seen };
}

/** More than the kernel takes over for either side. */
const LONG = Buffer.alloc(24 * 1024 * 1024, 'x');

async function open({ server }: Echo): Promise<OpenSocket> {
  const opened = await openSocket(server, { allowHalfOpen: true });
  closing.push(() => opened.socket.destroy());
  return opened;
}

function post(body: string, path = '/predict'): string {
  return postBytes(body, path);
}
const GET = 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n';

test('pipelined requests are answered in their order, and node:http goes on where one is not plain', async () => {
  const server = await echo();
  const { socket, said } = await open(server);
  socket.write(post('one') + post('two') + GET + post('four'));
  await expect.poll(said, { timeout: 10_000 }).toMatch(/one.*two.*node \/health.*node \/predict$/s);
  expect(server.byHand).toEqual(['one', 'two']);
  expect(server.byNode).toEqual(['/health', '/predict']);
});

test('requests behind one that is being answered wait for it', async () => {
  const server = await echo();
  const { socket, said } = await open(server);
  socket.write(post('slow', '/predict_batch'));
  await expect.poll(() => server.held.length).toBe(1);
  socket.write(post('after'));
  await sleep(50);
  expect(said()).toBe('');
  server.held[0]?.();
  await expect.poll(said).toMatch(/slow.*after$/s);
});

test('a request in a few pieces is read by hand, one in many by node:http', async () => {
  const server = await echo();
  const few = await open(server);
  for (const piece of [post('few').slice(0, 5), post('few').slice(5, -2), post('few').slice(-2)]) {
    few.socket.write(piece);
    await sleep(5);
  }
  await expect.poll(few.said).toMatch(/few$/);
  expect(server.byHand).toEqual(['few']);
  const many = await open(server);
  for (const byte of post('many')) {
    many.socket.write(byte);
    await sleep(1);
  }
  await expect.poll(many.said).toMatch(/node \/predict$/);
});

test('a body is never read as the next request', async () => {
  const server = await echo();
  const { socket, said } = await open(server);
  socket.write(post(post('smuggled')) + post('last'));
  await expect.poll(said).toMatch(/last$/);
  expect(server.byHand).toEqual([post('smuggled'), 'last']);
});

test('who ends its side after a request still gets the answer, and the connection ends', async () => {
  const server = await echo();
  const { socket, said } = await open(server);
  socket.end(post('one', '/predict_batch'));
  await expect.poll(() => server.held.length).toBe(1);
  server.held[0]?.();
  await once(socket, 'close');
  expect(said()).toMatch(/connection: close.*one$/s);
});

test('who has ended its side a while ago may have given up, and is answered all the same', async () => {
  const server = await echo();
  const { socket, said } = await open(server);
  socket.end(post('one', '/predict_batch'));
  await expect.poll(() => server.held.length).toBe(1);
  expect(server.callers[0]?.gone).toBe(false);
  await expect.poll(() => server.callers[0]?.left).toBe(true);
  expect(server.callers[0]?.gone).toBe(false);
  server.held[0]?.();
  await expect.poll(said).toMatch(/one$/);
});

test('who ends its side in the middle of a request is told so', async () => {
  const { socket, said } = await open(await echo());
  socket.end(post('a long body').slice(0, -3));
  await once(socket, 'close');
  expect(said()).toBe('refused HPE_INVALID_EOF_STATE');
});

test('an answer may end the connection', async () => {
  const server = await echo();
  const { socket, said } = await open(server);
  socket.write(post('close') + post('late'));
  await once(socket, 'end');
  expect(said()).toMatch(/connection: close\r\n\r\nclose$/);
  expect(server.byHand).toEqual(['close']);
});

test.each([
  ['nothing', ''],
  ['a part of its head', post('x').slice(0, 20)],
  ['a part of its body', post('12345').slice(0, -1)],
])('who sends %s is told that it is late, and cut', async (_case, bytes) => {
  const { socket, said } = await open(await echo({ headersTimeoutMs: 200, requestTimeoutMs: 300 }));
  socket.write(bytes);
  await once(socket, 'end');
  expect(said()).toBe('refused ERR_HTTP_REQUEST_TIMEOUT');
});

test('a connection that nobody has used for long is ended', async () => {
  const { socket, said } = await open(
    await echo({ headersTimeoutMs: 100, requestTimeoutMs: 200, keepAliveMs: 300 }),
  );
  const asked = performance.now();
  const ended = once(socket, 'end');
  socket.write(post('one'));
  await expect.poll(said).toMatch(/one$/);
  await ended;
  // The server counts from its answer, which is later than the question.
  expect(performance.now() - asked).toBeGreaterThan(300);
});

test('who keeps a connection for later is not late', async () => {
  const { socket, said } = await open(await echo({ headersTimeoutMs: 100, requestTimeoutMs: 200 }));
  socket.write(post('one'));
  await expect.poll(said).toMatch(/one$/);
  await sleep(600);
  socket.write(post('two'));
  await expect.poll(said).toMatch(/two$/);
});

test('who does not read its answers is cut, and no more of its requests are read', async () => {
  const server = await echo({ headersTimeoutMs: 200, requestTimeoutMs: 300 });
  const { socket } = await open(server);
  socket.pause();
  for (let i = 0; i < 10; i++) socket.write(post(String(i), '/predict?long'));
  await expect.poll(() => server.unread.length, { timeout: 5000 }).toBe(1);
  expect(server.byHand.length).toBeLessThan(3);
});

test('idle connections are closed, and busy ones once they are answered', async () => {
  const server = await echo();
  const idle = await open(server);
  idle.socket.write(post('one'));
  await expect.poll(idle.said).toMatch(/one$/);
  const busy = await open(server);
  busy.socket.write(post('two', '/predict_batch'));
  await expect.poll(() => server.held.length).toBe(1);
  const closed = new Promise((resolve) => server.server.close(resolve));
  await once(idle.socket, 'end');
  busy.socket.end();
  server.held[0]?.();
  await expect.poll(busy.said).toMatch(/two$/);
  await closed;
});

test('a caller that goes away before its answer takes nothing with it', async () => {
  const server = await echo();
  const { socket } = await open(server);
  socket.write(post('one', '/predict_batch'));
  await expect.poll(() => server.held.length).toBe(1);
  socket.resetAndDestroy();
  await sleep(20);
  server.held[0]?.();
  const other = await open(server);
  other.socket.write(post('two'));
  await expect.poll(other.said).toMatch(/two$/);
});
