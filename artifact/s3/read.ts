import { setTimeout as sleep } from 'node:timers/promises';
import { FailureError } from '#contract/failure.ts';
import { isChanged, toFailure } from './failures.ts';
import { backoffMs, cutError, piecesOf } from '../http/index.ts';
import type { ObjectInfo, S3Store } from './store.ts';
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
      if (opened.start > position) throw cutError();
      // A server that ignores Range sends everything from the start.
      const wanted = { skip: position - opened.start, length: end - position };
      for await (const chunk of piecesOf(opened.body, wanted, store.timing, signal)) {
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

function changed(location: ObjectLocation): FailureError {
  return new FailureError(
    'SourceUnavailable',
    `${describeObject(location)} changed while it was being read. It is read again; upload a model under a new key, not over an old one.`,
    { transient: true },
  );
}
