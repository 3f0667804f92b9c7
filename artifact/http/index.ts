/** Large bodies over HTTP/1.1 at little cost (docs/decisions/0010-objects-over-own-sockets.md), and only from where they may come. */
export type { AddressPolicy } from './addresses.ts';
export { bodyOf } from './body.ts';
export { type Answer, type Request, SocketClient } from './client.ts';
export { withDeadline } from './deadline.ts';
export {
  checkEndpointLiteral,
  createAgents,
  guardedLookup,
  isKubernetesStatus,
  isOfApiServer,
  portOf,
  refusedApiServer,
  type Service,
  trusting,
} from './guard.ts';
export { type ByteBody, cutError, piecesOf, StallError } from './pieces.ts';
export { backoffMs, DEFAULT_TIMING, type Timing, withRetries } from './retry.ts';
