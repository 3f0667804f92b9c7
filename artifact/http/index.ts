/** Large bodies over HTTP/1.1 at little cost: docs/decisions/0010-objects-over-own-sockets.md. */
export { SocketBody } from './body.ts';
export { type Answer, type Request, SocketClient } from './client.ts';
export type { Target } from './connection.ts';
export { type ByteBody, cutError, piecesOf, StallError, type StallLimit } from './pieces.ts';
