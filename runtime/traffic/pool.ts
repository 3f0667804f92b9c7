import { Pool } from 'undici';
import { lookupAnyOrder } from './lookup.ts';

const CONNECT_TIMEOUT_MS = 1000;
/** Connections are made anew now and then, so that they spread over pods that came later. */
const CONNECTION_LIFE_MS = 30_000;
const MAX_CONNECTIONS = 128;
/** Room for the header in which the answering pod lists its predictions. */
const MAX_HEADER_BYTES = 1024 * 1024;

/** Kept-alive connections to the pods behind a URL; imported late, see forward.ts. */
export function poolOf(url: string): Pool {
  return new Pool(new URL(url).origin, {
    connections: MAX_CONNECTIONS,
    connect: { timeout: CONNECT_TIMEOUT_MS, lookup: lookupAnyOrder },
    clientTtl: CONNECTION_LIFE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
}
