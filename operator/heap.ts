import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Keeps the heap close to what lives in it. By default V8 lets garbage grow to several times that before it looks, which
 * with 300 ModelDeployments was 230 MB of heap for 50 MB of objects; collecting at 1.3 times costs about a tenth of the
 * operator's CPU. Started with `node --max-semi-space-size=4` the young generation is small as well; without that flag
 * it is not let grow at all, because its default of 2 x 16 MiB is a third of what the operator may have.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=30');
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  if (!options.includes('--max-semi-space-size')) setFlagsFromString('--semi-space-growth-factor=1');
}

/** One full collection: V8 sets its next limit by what survived, instead of by the machine's memory. */
export function collectGarbage(): void {
  collect({ type: 'major', execution: 'sync' });
}

const LOOK_EVERY_MS = 10_000;
/** A heap that has grown by less is not worth the pause. */
const GROWN_BY = { ratio: 1.1, bytes: 4 * 1024 * 1024 };

/**
 * Gives back what a burst of work has left: V8 marks and sweeps by itself, but leaves the survivors spread over pages that
 * it then keeps. A compaction of 100 MB takes about 0.1 s; it happens when there is nothing to do, and only after growth.
 */
export function compactWhenIdle(isIdle: () => boolean, signal: AbortSignal): void {
  let compacted = 0;
  const look = (): void => {
    const { total_heap_size: size } = getHeapStatistics();
    if (!isIdle() || size < compacted * GROWN_BY.ratio + GROWN_BY.bytes) return;
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    compacted = getHeapStatistics().total_heap_size;
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

function collect(options: object): void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc === 'function') gc(options);
}
