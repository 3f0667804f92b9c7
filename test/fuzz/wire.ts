import net from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { parseAnswers, type ParsedAnswers } from './answers.ts';
import type { FuzzCase } from './case.ts';

/** What came of a case. */
export interface Outcome {
  readonly parsed: ParsedAnswers;
  /** How the connection ended. */
  readonly end: 'answered' | 'closed' | 'reset' | 'refused' | 'silent';
  readonly milliseconds: number;
}

/** Sends a case's bytes and reads what comes back until all is answered, the server closes, or the bound has passed. */
export async function play(port: number, fuzzCase: FuzzCase, boundMs: number): Promise<Outcome> {
  const { pieces, apart, requests, ending } = fuzzCase;
  const heads = new Set(requests?.flatMap(({ method }, index) => (method === 'HEAD' ? [index] : [])));
  const started = performance.now();
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const received: Buffer[] = [];
  const ended = Promise.withResolvers<Outcome['end']>();
  const expected = ending === 'wait' ? requests?.length : undefined;
  let connected = false;
  socket.on('connect', () => (connected = true));
  socket.on('data', (bytes: Buffer) => {
    received.push(bytes);
    if (expected === undefined) return;
    const parsed = parseAnswers(Buffer.concat(received), heads, false);
    if (parsed.kind === 'broken' || parsed.answers.length >= expected) ended.resolve('answered');
  });
  socket.on('end', () => ended.resolve('closed'));
  socket.on('error', () => ended.resolve(connected ? 'reset' : 'refused'));
  const timer = setTimeout(() => ended.resolve('silent'), boundMs);
  await send(socket, pieces, apart);
  if (ending === 'close') socket.end();
  if (ending === 'reset') {
    await turn();
    socket.resetAndDestroy();
    ended.resolve('closed');
  }
  const end = await ended.promise;
  clearTimeout(timer);
  socket.destroy();
  const closed = end !== 'answered' && ending !== 'reset';
  return {
    parsed: parseAnswers(Buffer.concat(received), heads, closed),
    end,
    milliseconds: performance.now() - started,
  };
}

async function send(socket: net.Socket, pieces: readonly Buffer[], apart: boolean): Promise<void> {
  if (!apart) {
    socket.write(Buffer.concat(pieces));
    return;
  }
  for (const piece of pieces) {
    if (!socket.writable) return;
    if (piece.length > 0) socket.write(piece);
    await turn();
  }
}
