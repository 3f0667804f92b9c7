/** The bytes of one answer. */
export interface ByteBody {
  /** Each piece is good until the next one is asked for. */
  pieces(): AsyncIterable<Buffer>;
  readonly isComplete: boolean;
  /** Ends the connection in the middle; whoever waits for bytes gets the error. */
  giveUp(error: Error): void;
}

/** A body must bring `stallBytes` within `stallTimeoutMs`. */
export interface StallLimit {
  readonly stallTimeoutMs: number;
  readonly stallBytes: number;
}

/** The stall of a body or of a connection, told apart from an abort by the caller. */
export class StallError extends Error {
  readonly code = 'StallError';
}

export function cutError(): Error {
  return Object.assign(new Error('the body ended early'), { code: 'ECONNRESET' });
}

/**
 * The `length` bytes of a body after `skip`, given up with a StallError when they come too slowly, and with the signal's
 * reason when it aborts. May end early.
 */
export async function* piecesOf(
  body: ByteBody,
  { skip, length }: { readonly skip: number; readonly length: number },
  limit: StallLimit,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  let toSkip = skip;
  let left = length;
  const watch = watchStall(body, limit);
  const onAbort = () => body.giveUp(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const piece of body.pieces()) {
      watch.received(piece.length);
      const fresh = toSkip === 0 ? piece : piece.subarray(Math.min(toSkip, piece.length));
      toSkip -= piece.length - fresh.length;
      const wanted = fresh.length > left ? fresh.subarray(0, left) : fresh;
      left -= wanted.length;
      if (wanted.length > 0) {
        watch.pause();
        yield wanted;
        watch.resume();
      }
      if (left === 0) break;
    }
  } finally {
    watch.stop();
    signal.removeEventListener('abort', onAbort);
    if (!body.isComplete) body.giveUp(cutError());
  }
}

/** Gives a body up that brings too few bytes in a window; the time that its reader takes does not count. */
function watchStall(body: ByteBody, { stallTimeoutMs, stallBytes }: StallLimit) {
  let bytes = 0;
  let pausedAt: number | undefined;
  const timer = setInterval(() => {
    if (pausedAt !== undefined) return;
    if (bytes < stallBytes) {
      const seconds = stallTimeoutMs / 1000;
      body.giveUp(
        new StallError(
          `only ${bytes} bytes came in ${seconds} s. Check the load of the sender, and the network.`,
        ),
      );
    }
    bytes = 0;
  }, stallTimeoutMs);
  return {
    received: (length: number) => {
      bytes += length;
    },
    pause: () => {
      pausedAt = performance.now();
    },
    resume: () => {
      if (performance.now() - (pausedAt ?? 0) > stallTimeoutMs / 4) timer.refresh();
      pausedAt = undefined;
    },
    stop: () => clearInterval(timer),
  };
}
