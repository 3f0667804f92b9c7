import { once } from 'node:events';
import { connect, type AddressInfo, type Server, type Socket } from 'node:net';

// Connections byte by byte, for the tests of what reads them.

export interface OpenSocket {
  readonly socket: Socket;
  /** All that has come so far. */
  readonly said: () => string;
}

/** Connects to a server of this machine; the caller destroys the socket. */
export async function openSocket(server: Server, { allowHalfOpen = false } = {}): Promise<OpenSocket> {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen });
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString();
  });
  socket.on('error', () => undefined);
  return { socket, said: () => text };
}

/** A request's bytes. */
export function postBytes(body: string, path: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
