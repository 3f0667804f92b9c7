import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How often connections are looked at. */
const LOOK_MS = 1000;

/**
 * Ends connections whose client does not read its answer within `limitMs`: the answer is kept in memory for it until
 * then. Looks at all connections now and then, which costs the answers nothing.
 */
export function cutSlowReaders(
  server: Server,
  limitMs: number,
  responseOf: (socket: Socket) => ServerResponse | undefined,
  cut: (response: ServerResponse) => void,
): void {
  /** Connections, each with the answer that was found unread, and since when. */
  const sockets = new Map<
    Socket,
    { readonly response: ServerResponse; readonly since: number } | undefined
  >();
  server.on('connection', (socket: Socket) => {
    sockets.set(socket, undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  const look = (): void => {
    const now = performance.now();
    for (const [socket, seen] of sockets) {
      const response = responseOf(socket);
      if (response === undefined || !response.writableEnded || response.writableFinished) {
        if (seen !== undefined) sockets.set(socket, undefined);
      } else if (seen?.response !== response) {
        sockets.set(socket, { response, since: now });
      } else if (now - seen.since >= limitMs) {
        cut(response);
        socket.destroy();
      }
    }
  };
  const timer = setInterval(look, Math.min(LOOK_MS, limitMs / 2));
  timer.unref();
  server.once('close', () => clearInterval(timer));
}
