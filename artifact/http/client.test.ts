import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { lookup } from 'node:dns';
import { afterEach, expect, test } from 'vitest';
import { type Answer, SocketClient } from './client.ts';

let server: Server | undefined;
let connections = 0;
const client = new SocketClient();
const { signal } = new AbortController();

afterEach(() => {
  server?.close();
  client.destroy();
});

/** Answers each request on each connection by `answer`. */
async function listen(answer: (socket: Socket, request: string) => void): Promise<void> {
  connections = 0;
  server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.on('data', (data) => answer(socket, data.toString()));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
}

function get(abort = signal): Promise<Answer> {
  const address = server?.address() as AddressInfo;
  const request = {
    method: 'GET',
    path: '/b/k',
    query: { versionId: "a b'" },
    headers: { host: 'store', range: 'bytes=0-1' },
  };
  return client.get(
    request,
    {
      secure: false,
      host: '127.0.0.1',
      port: address.port,
      lookup,
      connectTimeoutMs: 500,
      bufferBytes: 4096,
    },
    abort,
  );
}

async function textOf(answer: Answer): Promise<string> {
  const parts: Buffer[] = [];
  for await (const piece of answer.body?.pieces() ?? []) parts.push(Buffer.from(piece));
  return Buffer.concat(parts).toString();
}

test('sends what was signed, and gives status, headers and body', async () => {
  let seen = '';
  await listen((socket, request) => {
    seen = request;
    socket.write('HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nETag:  "e" \r\n\r\nhello');
  });
  const answer = await get();
  expect(seen).toBe('GET /b/k?versionId=a%20b%27 HTTP/1.1\r\nhost: store\r\nrange: bytes=0-1\r\n\r\n');
  expect(answer).toMatchObject({ statusCode: 206, headers: { etag: '"e"' } });
  expect(await textOf(answer)).toBe('hello');
});

test('a head and a body that come byte by byte are put together', async () => {
  await listen((socket) => {
    void (async () => {
      for (const byte of 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc') {
        socket.write(byte);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
  });
  expect(await textOf(await get())).toBe('abc');
});

test('requests one after another share a connection, and one that the server closed is replaced', async () => {
  let answers = 0;
  await listen((socket) => {
    answers += 1;
    if (answers === 3) socket.destroy();
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  });
  for (let request = 0; request < 4; request += 1) expect(await textOf(await get())).toBe('ok');
  expect(connections).toBe(2);
});

test('a body that was not read to its end costs the connection, and no later request', async () => {
  await listen((socket) =>
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n${'x'.repeat(1000)}`),
  );
  const first = await get();
  first.body?.giveUp(new Error('enough'));
  await expect(textOf(first)).rejects.toThrow('enough');
  await get();
  expect(connections).toBe(2);
});

test('an answer without a length is left to another client', async () => {
  await listen((socket) =>
    socket.write('HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
  );
  await expect(get()).resolves.toMatchObject({ statusCode: 403, body: undefined });
});

test.each([
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'HPE_INVALID_CONSTANT'],
  ['a malformed header', 'HTTP/1.1 200 OK\r\nno colon\r\n\r\n', 'HPE_INVALID_HEADER_TOKEN'],
  [
    'two lengths',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
    'HPE_UNEXPECTED_CONTENT_LENGTH',
  ],
  ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`, 'HPE_HEADER_OVERFLOW'],
])('%s is refused', async (_, text, code) => {
  await listen((socket) => socket.write(text));
  await expect(get()).rejects.toMatchObject({ code });
});

test('a body that is longer than it said, or that ends early, is an error', async () => {
  await listen((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabc'));
  await expect(get().then(textOf)).rejects.toMatchObject({ code: 'HPE_UNEXPECTED' });
  server?.close();
  await listen((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'));
  await expect(get().then(textOf)).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('an abort ends the wait for an answer', async () => {
  await listen(() => undefined);
  const controller = new AbortController();
  const asking = get(controller.signal);
  setTimeout(() => controller.abort(new Error('stopped')), 20);
  await expect(asking).rejects.toThrow('stopped');
});
