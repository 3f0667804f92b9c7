import type { PodSample } from '#operator/rollout/readings.ts';
import { bytesBeside, bytesIn } from './size.ts';

/** What one pod's readings take at most; those of a model with a hundred bins take half of it. */
const MAX_POD_BYTES = 1024 * 1024;
const MAX_AGE_MS = 10 * 60_000;
/** Younger samples are all kept, so that what begins anew is seen. */
const YOUNG_MS = 20_000;
const RECENT_MS = 70_000;
const COARSEST = 64;

export interface Keeping {
  readonly now: number;
  /** Samples older than this are of no use. */
  readonly since: number;
  readonly maxBytes?: number;
}

/** What is worth keeping of several pods' samples (each pod's oldest first). */
export function thinned(samples: readonly PodSample[], keeping: Keeping): readonly PodSample[] {
  const pods = [...Map.groupBy(samples, ({ uid }) => uid).values()];
  const kept = new Set(pods.flatMap((ofPod) => thinnedPod(ofPod, keeping)));
  return samples.filter((sample) => kept.has(sample));
}

/**
 * What is worth keeping of a pod's samples (oldest first): the newest one and, with growing distances, earlier ones; fewer
 * where there is a lot in each. A sample that the clock puts into the future counts as new.
 */
export function thinnedPod(
  samples: readonly PodSample[],
  { now, since, maxBytes = MAX_POD_BYTES }: Keeping,
): readonly PodSample[] {
  const useful = samples.filter(({ at }) => at >= since && now - at <= MAX_AGE_MS);
  let kept = withDistances(useful, now, 1);
  for (let coarser = 2; bytesIn(kept) > maxBytes && coarser <= COARSEST; coarser *= 2) {
    kept = withDistances(useful, now, coarser);
  }
  return bytesIn(kept) > maxBytes ? fitting(kept, maxBytes) : kept;
}

/** Between two kept samples lies at least this. */
function distance(ageMs: number, coarser: number): number {
  if (ageMs < YOUNG_MS) return coarser === 1 ? 0 : coarser * 1000;
  return (ageMs < RECENT_MS ? 4000 : 30_000) * coarser;
}

function withDistances(samples: readonly PodSample[], now: number, coarser: number): readonly PodSample[] {
  const newest = samples.at(-1);
  let before: PodSample | undefined;
  return samples.filter((sample) => {
    const isFar =
      before === undefined || Math.abs(sample.at - before.at) >= distance(now - sample.at, coarser);
    if (isFar) before = sample;
    return isFar || sample === newest;
  });
}

/** The newest, and of the earlier ones those that fit. */
function fitting(samples: readonly PodSample[], maxBytes: number): readonly PodSample[] {
  let room = maxBytes;
  let beside: PodSample | undefined;
  const kept = samples.toReversed().filter((sample) => {
    const bytes = bytesBeside(sample, beside);
    if (beside !== undefined && bytes > room) return false;
    room -= bytes;
    beside = sample;
    return true;
  });
  return kept.toReversed();
}
