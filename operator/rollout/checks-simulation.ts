import type { PodReport, ReportedSide } from '#contract/pod-report.ts';
import { thinned } from '#operator/monitor/thinning.ts';
import { seeded } from '#test/support/random.ts';
import { BEGAN, BOUNDS, CANDIDATE, contextOf, copies, STABLE_REVISION } from './checks-testing.ts';
import type { CheckContext } from './checks.ts';
import type { PodSample } from './readings.ts';

// Readings as stable pods would give them of a candidate: Poisson arrivals, log-normal latencies with pauses, cold
// starts, pods that restart and count from zero. Whole ticks are drawn bucket by bucket, which is the same and quick.

export type Illness = 'none' | 'errors' | 'hangs' | 'resets' | 'crashes' | 'slow';

export interface Rollout {
  readonly seed: number;
  /** Requests of clients, a second. */
  readonly rate: number;
  readonly stablePods: number;
  readonly candidatePods: number;
  readonly medianSeconds: number;
  /** Of the logarithm of latencies. */
  readonly sigma: number;
  readonly illness: Illness;
  /** When the illness begins, in seconds of the step. */
  readonly illFrom: number;
}

const TICK_SECONDS = 2;
/**
 * Requests of each fresh pod that take so much longer because caches and code are cold. A real runtime's first ones
 * (bankchurn, two busy cores) were measured at 8 to 28 ms for five to ten requests, where the later ones' p95 is 6 ms.
 */
const COLD_REQUESTS = 10;
const COLD_SECONDS = 0.05;
const PAUSE_SECONDS = 0.15;
const PAUSES_A_SECOND = 1 / 20;
const RESTARTS_A_SECOND = 1 / 400;
/** What goes wrong with a candidate that is well: a connection that is cut now and then. */
const FAILURES_OF_THE_WELL = 1 / 20_000;
const PASSING_ON_SECONDS = 0.001;

interface Pod {
  readonly uid: string;
  instance: number;
  downTicks: number;
  cold: number;
  stable: Counts;
  forwarded: Counts;
}

interface Counts {
  requests: number;
  readonly failures: Record<string, number>;
  readonly buckets: number[];
}

/** One step of a rollout, tick by tick: the context after each. */
export function* stepOf(
  rollout: Rollout,
  step: { readonly weight: number; readonly seconds: number; readonly from: number },
): Generator<CheckContext> {
  const random = seeded(rollout.seed + step.weight);
  const pods = Array.from({ length: rollout.stablePods }, (_, i) => freshPod(`pod-${i}`, 0));
  const candidate = { cold: rollout.candidatePods * COLD_REQUESTS };
  let samples: readonly PodSample[] = [];
  for (let second = 0; second <= step.seconds; second += TICK_SECONDS) {
    const isIll = rollout.illness !== 'none' && second >= rollout.illFrom;
    if (random() < TICK_SECONDS * RESTARTS_A_SECOND * rollout.candidatePods) candidate.cold += COLD_REQUESTS;
    const read: PodSample[] = [];
    for (const pod of pods) {
      serveTick(pod, candidate, { rollout, weight: step.weight, isIll, random });
      // One probe in a hundred comes to nothing.
      if (pod.downTicks > 0 || random() < 0.01) continue;
      const at = BEGAN + (step.from + second) * 1000 + Math.floor(random() * 500);
      read.push({ uid: pod.uid, revision: STABLE_REVISION, at, report: reportOf(pod) });
    }
    const context = contextOf(step.from + second + 0.5, [...samples, ...read]);
    samples = context.monitoring.samples;
    if (second % 10 === 0) samples = thinned(samples, { now: context.now, since: BEGAN + step.from * 1000 });
    yield { ...context, since: BEGAN + step.from * 1000 };
  }
}

interface Tick {
  readonly rollout: Rollout;
  readonly weight: number;
  readonly isIll: boolean;
  readonly random: () => number;
}

function serveTick(pod: Pod, candidate: { cold: number }, tick: Tick): void {
  const { rollout, weight, isIll, random } = tick;
  if (pod.downTicks > 0) {
    pod.downTicks -= 1;
    return;
  }
  if (random() < TICK_SECONDS * RESTARTS_A_SECOND) {
    Object.assign(pod, freshPod(pod.uid, pod.instance + 1), { downTicks: 2 });
    return;
  }
  const requests = (TICK_SECONDS * rollout.rate) / rollout.stablePods;
  const { medianSeconds, sigma } = rollout;
  const own = requests * (1 - weight / 100);
  pod.cold -= answer(pod.stable, own, { median: medianSeconds, sigma, extra: 0, cold: pod.cold, random });
  const passed = requests * (weight / 100);
  if (isIll && rollout.illness !== 'slow') {
    fail(pod.forwarded, passed, rollout.illness, random);
    return;
  }
  const median = isIll ? 100 * medianSeconds : medianSeconds;
  const ways = { median, sigma, extra: PASSING_ON_SECONDS, cold: candidate.cold, random };
  candidate.cold -= answer(pod.forwarded, passed, ways);
  const spurious = poisson(passed * FAILURES_OF_THE_WELL, random);
  if (spurious > 0) count(pod.forwarded, 0, spurious, 'reset');
}

interface Ways {
  readonly median: number;
  readonly sigma: number;
  readonly extra: number;
  readonly cold: number;
  readonly random: () => number;
}

/** Answers so many requests on average; gives how many of them were cold. */
function answer(counts: Counts, mean: number, { median, sigma, extra, cold, random }: Ways): number {
  const pause = random() < TICK_SECONDS * PAUSES_A_SECOND ? PAUSE_SECONDS / TICK_SECONDS : 0;
  const coldMean = Math.min(mean, Math.max(0, cold));
  const ways = [
    { mean: (mean - coldMean) * (1 - pause), median, extra },
    { mean: (mean - coldMean) * pause, median: PAUSE_SECONDS / 2, extra },
    { mean: coldMean, median, extra: extra + COLD_SECONDS },
  ];
  let chilly = 0;
  for (const [i, way] of ways.entries()) {
    let below = 0;
    if (way.mean === 0) continue;
    for (let bucket = 0; bucket <= BOUNDS.length; bucket++) {
      const bound = BOUNDS[bucket] ?? Infinity;
      const share = normalBelow(Math.log(Math.max(1e-9, bound - way.extra) / way.median) / sigma);
      const drawn = poisson(way.mean * (share - below), random);
      below = share;
      count(counts, bucket, drawn);
      if (i === 2) chilly += drawn;
    }
  }
  return chilly;
}

function fail(counts: Counts, mean: number, illness: Illness, random: () => number): void {
  const drawn = poisson(mean, random);
  const bucketAt = (seconds: number): number => BOUNDS.findIndex((bound) => seconds <= bound);
  if (illness === 'errors') count(counts, bucketAt(0.003), drawn, 'server_error');
  else if (illness === 'resets') count(counts, bucketAt(0.001), drawn, 'reset');
  else if (illness === 'hangs') count(counts, bucketAt(2), drawn, 'timeout');
  else {
    // Up for a second, down for a second, and left alone for a while after each connection that was refused.
    const well = Math.floor(drawn / 2);
    count(counts, bucketAt(0.003), well);
    count(counts, bucketAt(0.001), drawn - well, random() < 0.5 ? 'connect' : 'skipped');
  }
}

function count(counts: Counts, bucket: number, requests: number, failure?: string): void {
  counts.requests += requests;
  counts.buckets[bucket] = (counts.buckets[bucket] ?? 0) + requests;
  if (failure !== undefined) counts.failures[failure] = (counts.failures[failure] ?? 0) + requests;
}

function freshPod(uid: string, instance: number): Pod {
  return { uid, instance, downTicks: 0, cold: COLD_REQUESTS, stable: noCounts(), forwarded: noCounts() };
}

function noCounts(): Counts {
  return { requests: 0, failures: {}, buckets: Array.from({ length: BOUNDS.length + 1 }, () => 0) };
}

function reportOf({ instance, stable, forwarded }: Pod): PodReport {
  const rollout = { candidate: CANDIDATE, number: 2, stable: sideOf(stable), forwarded: sideOf(forwarded) };
  return { generation: 5, instance: String(instance), rollout: { ...rollout, copied: copies() } };
}

function sideOf({ requests, failures, buckets }: Counts): ReportedSide {
  return {
    requests,
    failures: { ...failures },
    latency: { bounds: BOUNDS, counts: [...buckets] },
    predictions: {},
  };
}

/** Knuth's for small means, the normal approximation above. */
function poisson(mean: number, random: () => number): number {
  if (mean <= 0) return 0;
  if (mean > 30) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const end = Math.exp(-mean);
  let drawn = 0;
  for (let product = random(); product > end; product *= random()) drawn += 1;
  return drawn;
}

/** Share of a standard normal below z (Abramowitz and Stegun 26.2.17, within 1e-7). */
function normalBelow(z: number): number {
  if (z === Infinity) return 1;
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - tail : tail;
}
