import type { ReportedSide } from '#contract/pod-report.ts';
import type { PodSample } from '#operator/rollout/readings.ts';

/** Numbers that are kept of one pod, of 8 to 40 bytes; one of a model with ten outcomes has a sixth of that. */
const MAX_NUMBERS = 40_000;
const MAX_AGE_MS = 10 * 60_000;
/** Younger samples are all kept, so that what begins anew is seen. */
const YOUNG_MS = 20_000;
const RECENT_MS = 70_000;

export interface Keeping {
  readonly now: number;
  /** Samples older than this are of no use, but for a pod's last one. */
  readonly since: number;
  readonly maxNumbers?: number;
}

/**
 * What is worth keeping of samples (oldest first): each pod's newest one and, with growing distances, earlier ones; fewer
 * where there is a lot in each. A sample that the clock puts into the future counts as new.
 */
export function thinned(samples: readonly PodSample[], keeping: Keeping): readonly PodSample[] {
  const { now, since, maxNumbers = MAX_NUMBERS } = keeping;
  const useful = samples.filter(({ at }) => at >= since && now - at <= MAX_AGE_MS);
  const kept = new Set<PodSample>();
  for (const ofPod of Map.groupBy(useful, ({ uid }) => uid).values()) {
    for (const sample of thinnedPod(ofPod, now, maxNumbers)) kept.add(sample);
  }
  return useful.filter((sample) => kept.has(sample));
}

function thinnedPod(samples: readonly PodSample[], now: number, maxNumbers: number): readonly PodSample[] {
  let kept = withDistances(samples, now, 1);
  for (let coarser = 2; numbersIn(kept) > maxNumbers && coarser <= 64; coarser *= 2) {
    kept = withDistances(samples, now, coarser);
  }
  return numbersIn(kept) > maxNumbers ? fitting(kept, maxNumbers) : kept;
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

/** The newest that fit. */
function fitting(samples: readonly PodSample[], maxNumbers: number): readonly PodSample[] {
  let room = maxNumbers;
  const kept = samples.toReversed().filter((sample) => (room -= numbersOf(sample)) >= 0);
  return kept.toReversed();
}

function numbersIn(samples: readonly PodSample[]): number {
  return samples.reduce((total, sample) => total + numbersOf(sample), 0);
}

const counted = new WeakMap<PodSample, number>();

function numbersOf(sample: PodSample): number {
  const known = counted.get(sample) ?? count(sample);
  counted.set(sample, known);
  return known;
}

function count({ report: { served, rollout } }: PodSample): number {
  const copied = rollout?.copied;
  const copies =
    copied === undefined
      ? 0
      : 2 * copied.differences.counts.length +
        2 * Object.keys(copied.failures).length +
        6 * copied.worst.length;
  return 20 + sideCount(served) + sideCount(rollout?.stable) + sideCount(rollout?.forwarded) + copies;
}

function sideCount(side: ReportedSide | null | undefined): number {
  if (side === null || side === undefined) return 0;
  const { failures, latency, predictions } = side;
  return 2 * (latency.counts.length + Object.keys(failures).length + Object.keys(predictions).length);
}
