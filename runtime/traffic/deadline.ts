/** An end for one request, to be cleared once it is over. */
export interface Deadline {
  readonly signal: AbortSignal;
  clear(): void;
}

/**
 * Like AbortSignal.timeout, but what has come by then is read first: where this process itself stood still, an answer
 * waits in its socket, and the other side is not to be blamed.
 */
export function deadlineIn(ms: number): Deadline {
  const controller = new AbortController();
  const expire = (): void => controller.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError'));
  // Timers run before the event loop reads, immediates after it.
  const timer = setTimeout(() => setImmediate(expire), ms);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}
