import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { WireConnection } from './connection.ts';

test('a connection is handed over once, with all that came, however its bytes are cut', async () => {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _coding, done) => done() });
  const handed: string[] = [];
  const connection = new WireConnection(socket as Socket, {
    onRequest: (caller) => caller.answer({ status: 200, body: '{}' }),
    handOver: () => socket.once('data', (bytes: Buffer) => handed.push(bytes.toString())),
    onBroken: () => undefined,
    onClose: () => undefined,
    keepAliveSeconds: 1,
  });
  // The rest of the second request comes after the first one's answer, before the connection has gone on by itself.
  socket.emit('data', Buffer.from('POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n1GE'));
  socket.emit('data', Buffer.from('T /health HTTP/1.1\r\nhost: x\r\n\r\n'));
  await setImmediate();
  await setImmediate();
  expect(handed).toEqual(['GET /health HTTP/1.1\r\nhost: x\r\n\r\n']);
  expect(connection.answers).toBe(1);
});
