import { setTimeout as sleep } from 'node:timers/promises';
import { FailureError } from '#contract/failure.ts';
import { isChanged, StallError, toFailure } from './failures.ts';
import { backoffMs, type Timing } from './retry.ts';
import type { ObjectBody, ObjectInfo, OpenObject, S3Store } from './store.ts';
import { describeObject, type ObjectLocation } from './uri.ts';

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** First and last byte, both included; absent: the whole object. */
  readonly range?: { readonly start: number; readonly end: number };
  /** Only this state of the object; another one is a `transient` SourceUnavailable that says that it changed. */
  readonly etag?: string;
  /** Called once, before the first byte. */
  readonly onInfo?: (info: ObjectInfo) => void;
}

/**
 * The bytes of an object, or of a range of it, as one stream: a broken, stalled or throttled connection is taken up
 * again where it broke, on the same state of the object. Each piece is good until the next one is asked for. Ends after exactly the bytes asked for, or throws FailureError.
 */
export async function* readObject(
  store: S3Store,
  location: ObjectLocation,
  options: ReadOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const { signal, range } = options;
  const first = range?.start ?? 0;
  let position = first;
  let end = range === undefined ? undefined : range.end + 1;
  let versionId = location.versionId;
  let etag = options.etag;
  let isFirst = true;
  for (let failed = 0; end === undefined || position < end;) {
    const before = position;
    try {
      const opened = await store.open(at(location, versionId), {
        signal,
        ...(position === 0 && range === undefined ? {} : { range: { start: position, ...last(end) } }),
        ...(etag === undefined ? {} : { ifMatch: etag }),
      });
      if (isFirst) options.onInfo?.(opened.info);
      isFirst = false;
      end ??= opened.info.size;
      etag ??= opened.info.etag;
      versionId ??= opened.info.versionId;
      for await (const chunk of bodyFrom(opened, position, end, store.timing, signal)) {
        position += chunk.length;
        yield chunk;
      }
      if (position < end) throw cutError();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (isChanged(error)) throw changed(location);
      const failure = toFailure(error, store.context(location));
      // Whatever moved forward earns new tries; a store that cuts each connection at once does not.
      failed = position > before ? 1 : failed + 1;
      if (!failure.transient || failed >= store.timing.attempts) throw failure;
      await sleep(backoffMs(store.timing, failed), undefined, { signal });
    }
  }
}

const at = ({ bucket, key }: ObjectLocation, versionId: string | undefined): ObjectLocation =>
  versionId === undefined ? { bucket, key } : { bucket, key, versionId };
const last = (end: number | undefined) => (end === undefined ? {} : { end: end - 1 });

function cutError(): Error {
  return Object.assign(new Error('the body ended early'), { code: 'ECONNRESET' });
}

function changed(location: ObjectLocation): FailureError {
  return new FailureError(
    'SourceUnavailable',
    `${describeObject(location)} changed while it was being read. It is read again; upload a model under a new key, not over an old one.`,
    { transient: true },
  );
}

/** One answer's bytes from `position` up to `end`, cut with a StallError when they come too slowly. */
async function* bodyFrom(
  { body, start }: OpenObject,
  position: number,
  end: number,
  timing: Timing,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  if (start > position) throw cutError();
  // A server that ignores Range sends everything from the start.
  let skip = position - start;
  let left = end - position;
  const watch = watchStall(body, timing);
  const onAbort = () => body.giveUp(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const chunk of body.pieces()) {
      watch.received(chunk.length);
      const fresh = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - fresh.length;
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

/** Destroys a body that brings fewer than `stallBytes` in a window; the time that the consumer takes does not count. */
function watchStall(body: ObjectBody, timing: Timing) {
  let bytes = 0;
  let paused = false;
  const timer = setInterval(() => {
    if (paused) return;
    if (bytes < timing.stallBytes) {
      const seconds = timing.stallTimeoutMs / 1000;
      body.giveUp(
        new StallError(`only ${bytes} bytes came in ${seconds} s. Check the store's load and the network.`),
      );
    }
    bytes = 0;
  }, timing.stallTimeoutMs);
  return {
    received: (length: number) => {
      bytes += length;
    },
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
    },
    stop: () => clearInterval(timer),
  };
}
