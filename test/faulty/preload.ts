/**
 * Runs in a runtime's process before its program does, and breaks the predictions that other pods pass on to it, from
 * the first one on. Everything else is as it was: the pull, the golden answers, readiness, metrics, reports. It travels
 * as an environment variable, so it imports nothing of its own and must stay small.
 */
import { Server, type Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

/** As contract/names.ts has it (FORWARDED_HEADER). */
const forwarded = /\r\nx-windlass-forwarded:/i;
const length = /\r\ncontent-length: *(\d+)/i;
const crashAfterMs = 2000;
const slowMs = 200;
let asked = false;

function breakConnections(kind: string): void {
  const { prototype } = Server;
  // eslint-disable-next-line typescript/unbound-method -- called with the server that it belongs to
  const emit = prototype.emit;
  prototype.emit = function (this: Server, event: string, ...args: readonly unknown[]): boolean {
    if (event === 'connection') breakSocket(args[0] as Socket, kind);
    return Reflect.apply(emit, this, [event, ...args]) as boolean;
  };
}

function breakSocket(socket: Socket, kind: string): void {
  const emit = socket.emit.bind(socket) as (...args: readonly unknown[]) => boolean;
  let broken = false;
  let owed = 0;
  /** What of a request this piece brings; true once all of it is here. */
  const whole = (piece: Buffer): boolean => {
    if (owed > 0) return (owed -= piece.length) <= 0;
    const text = piece.toString('latin1');
    const head = text.indexOf('\r\n\r\n') + 4;
    owed = head + Number(length.exec(text)?.[1] ?? 0) - piece.length;
    return owed <= 0;
  };
  const onData = (piece: Buffer, pass: () => boolean): boolean => {
    if (!broken && forwarded.test(piece.toString('latin1'))) {
      broken = true;
      if (kind === 'resetMidway') cutAnswers(socket);
      if (kind === 'slow') delayAnswers(socket, slowMs);
    }
    if (!broken) return pass();
    if (!asked) {
      asked = true;
      if (kind === 'crash') setTimeout(() => process.exit(134), crashAfterMs);
      if (kind === 'outOfMemory') eatMemory();
    }
    if (kind === 'hang') return true;
    if (kind === 'reset') return (void socket.resetAndDestroy(), true);
    if (kind !== 'status500') return pass();
    if (whole(piece))
      socket.write(
        'HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n{"error":"made"}',
      );
    return true;
  };
  socket.emit = (event: string, ...args: readonly unknown[]): boolean => {
    const pass = (): boolean => emit(event, ...args);
    return event === 'data' ? onData(args[0] as Buffer, pass) : pass();
  };
}

/** Half of the first piece of an answer goes out, and then the connection is reset. */
function cutAnswers(socket: Socket): void {
  const write = socket.write.bind(socket);
  socket.write = (piece: string | Uint8Array): boolean => {
    write(piece.slice(0, Math.floor(piece.length / 2)), () => socket.resetAndDestroy());
    return true;
  };
}

function delayAnswers(socket: Socket, delayMs: number): void {
  const write = socket.write.bind(socket) as (...args: readonly unknown[]) => boolean;
  socket.write = (...args: readonly unknown[]): boolean => {
    setTimeout(() => socket.destroyed || write(...args), delayMs);
    return true;
  };
}

/** Until the kernel ends the process, or where it does not, as if it had. */
function eatMemory(): void {
  const eaten: Buffer[] = [];
  const limit = Number(process.env['WINDLASS_MEMORY_LIMIT'] ?? 2 ** 29);
  setInterval(() => {
    eaten.push(Buffer.alloc(2 ** 24, 1));
    if (eaten.length * 2 ** 24 > limit) process.exit(137);
  }, 10);
}

/** Written in by index.ts. */
const fault = process.env['FAULT'];
if (isMainThread && fault !== undefined) breakConnections(fault);
