import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { Room } from './room.ts';
import { liveWalk } from './steps.ts';
import { walkLive } from './walk.ts';

export interface WalkReport {
  readonly walks: number;
  readonly broken: readonly { readonly problem: string; readonly walk: unknown }[];
}

export interface WalkOptions {
  readonly walks: number;
  readonly seed: number;
  /** Walks at the same time, each in a namespace of its own. */
  readonly atOnce?: number;
}

const FAULTS_EVERY_MS = 4000;

/** Random walks on a real API server whose answers fail at times, under an operator that is replaced now and then. */
export async function walkOnApiServer({ walks, seed, atOnce = 8 }: WalkOptions): Promise<WalkReport> {
  const room = await Room.open();
  const left = [...fc.sample(liveWalk, { numRuns: walks, seed }).entries()];
  const broken: { readonly problem: string; readonly walk: unknown }[] = [];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, walk] = next;
      const problem = await walkLive(room, `walk-${index}`, walk).catch((error: unknown) => String(error));
      if (problem !== undefined) broken.push({ problem, walk });
    }
  };
  const ending = new AbortController();
  const adversity = disturb(room, ending.signal);
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, walks) }, work));
  } finally {
    ending.abort();
    await adversity;
    await room.close();
  }
  return { walks, broken };
}

/** In turn: an operator that restarts, answers that are errors, watches that are cut, and nothing. */
async function disturb(room: Room, signal: AbortSignal): Promise<void> {
  const pause = (): Promise<unknown> => sleep(FAULTS_EVERY_MS, undefined, { signal }).catch(() => undefined);
  while (!signal.aborted) {
    await pause();
    await room.restartOperator();
    await pause();
    await room.proxy.setFaults({ errorRate: 0.1 });
    await pause();
    await room.proxy.setFaults({ cutWatchesEveryMs: 500 });
    await pause();
    await room.proxy.setFaults({});
  }
}
