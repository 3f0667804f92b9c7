import { StallError } from './pieces.ts';

/** Runs one request until its headers are there: aborted by the caller's signal, or failing after the deadline. */
export async function withDeadline<T>(
  timeoutMs: number,
  signal: AbortSignal,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const late = new StallError(
    `no answer within ${timeoutMs / 1000} s. Check the load of the service and the network.`,
  );
  const timer = setTimeout(() => controller.abort(late), timeoutMs);
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await send(controller.signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw controller.signal.aborted ? late : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
