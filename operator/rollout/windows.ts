import type { ReportedHistogram, ReportedShadow, ReportedSide } from '#contract/pod-report.ts';
import type { CheckContext } from './checks-context.ts';
import type { PodSample } from './readings.ts';

/** What was counted, by name; histograms by each bucket's upper bound, the last of which is Infinity. */
export interface Tally {
  readonly totals: ReadonlyMap<string, number>;
  readonly failures: ReadonlyMap<string, number>;
  readonly histogram: ReadonlyMap<number, number>;
  readonly predictions: ReadonlyMap<string, number>;
}

/** One kind of count in pods' reports. */
export interface Counter {
  /** undefined: this pod does not count it, or counts it of another candidate. */
  readonly read: (sample: PodSample, context: CheckContext) => ReportedSide | ReportedShadow | undefined;
}

export interface Increase extends Tally {
  /** How many pods it is of. */
  readonly pods: number;
  /** When the first of the readings was made that it is of. */
  readonly firstAt: number | undefined;
  /** When one of them was read last. */
  readonly lastAt: number | undefined;
}

/** What the candidate was passed. */
export const FORWARDED: Counter = { read: (sample, context) => rolloutOf(sample, context)?.forwarded };
/** What stable pods answered themselves meanwhile. */
export const STABLE: Counter = { read: (sample, context) => rolloutOf(sample, context)?.stable };
/** What became of shadow copies. */
export const COPIED: Counter = { read: (sample, context) => rolloutOf(sample, context)?.copied };
/** What the candidate's own pods answered to clients. */
export const SERVED: Counter = {
  read: ({ revision, report }, { candidate }) =>
    revision === candidate.revision && (report.revision ?? revision) === revision
      ? (report.served ?? undefined)
      : undefined,
};

function rolloutOf({ revision, report }: PodSample, { candidate, stable, generation }: CheckContext) {
  const { rollout } = report;
  if (revision === candidate.revision || (stable !== undefined && revision !== stable)) return undefined;
  if (generation !== undefined && (report.generation ?? 0) < generation) return undefined;
  return rollout?.candidate === candidate.revision && rollout.number === candidate.number
    ? rollout
    : undefined;
}

interface Point {
  readonly at: number;
  readonly instance: string | undefined;
  readonly counted: ReportedSide | ReportedShadow;
}

/**
 * What was counted from `from` until now, all pods together. Counts begin with a pod's first reading in that time; where a
 * process began anew, everything that the new one counted is of this time too. Readings that a jump of the clock has put
 * into the future or before the reading that they followed are dropped.
 */
export function increase(
  counter: Counter,
  context: CheckContext,
  from: number,
  to: number = context.now,
): Increase {
  const pods = pointsByPod(counter, context, { from, to });
  const tally = emptyTally();
  for (const points of pods.values()) addPod(tally, points);
  return { ...tally, pods: pods.size, ...timesOf([...pods.values()]) };
}

function timesOf(pods: readonly (readonly Point[])[]): Pick<Increase, 'firstAt' | 'lastAt'> {
  if (pods.length === 0) return { firstAt: undefined, lastAt: undefined };
  return {
    firstAt: Math.min(...pods.map((points) => points[0]?.at ?? Infinity)),
    lastAt: Math.max(...pods.map((points) => points.at(-1)?.at ?? -Infinity)),
  };
}

/** All that each pod ever counted, since the candidate came. */
export function totalOf(counter: Counter, context: CheckContext): Increase {
  const pods = pointsByPod(counter, context, { from: -Infinity, to: context.now });
  const tally = emptyTally();
  for (const points of pods.values()) {
    addPod(tally, points);
    const first = points[0];
    if (first !== undefined) addDifference(tally, first, undefined);
  }
  return { ...tally, pods: pods.size, ...timesOf([...pods.values()]) };
}

function pointsByPod(
  counter: Counter,
  context: CheckContext,
  { from, to }: { readonly from: number; readonly to: number },
): ReadonlyMap<string, Point[]> {
  const pods = new Map<string, Point[]>();
  for (const sample of context.monitoring.samples) {
    const { at, uid, report } = sample;
    if (at < from || at > to) continue;
    const counted = counter.read(sample, context);
    if (counted === undefined) continue;
    const points = pods.get(uid) ?? [];
    if (at < (points.at(-1)?.at ?? -Infinity)) continue;
    points.push({ at, instance: report.instance ?? undefined, counted });
    pods.set(uid, points);
  }
  return pods;
}

function addPod(tally: MutableTally, points: readonly Point[]): void {
  let base = points[0];
  let last = base;
  for (const point of points.slice(1)) {
    if (last !== undefined && beganAnew(last, point)) {
      addDifference(tally, last, base);
      base = undefined;
    }
    last = point;
  }
  if (last !== undefined) addDifference(tally, last, base);
}

function beganAnew(before: Point, after: Point): boolean {
  return before.instance !== after.instance || grandTotal(after.counted) < grandTotal(before.counted);
}

function grandTotal(counted: Point['counted']): number {
  return 'requests' in counted
    ? counted.requests
    : counted.compared + counted.dropped + sum(Object.values(counted.failures));
}

interface MutableTally {
  readonly totals: Map<string, number>;
  readonly failures: Map<string, number>;
  readonly histogram: Map<number, number>;
  readonly predictions: Map<string, number>;
}

function emptyTally(): MutableTally {
  return { totals: new Map(), failures: new Map(), histogram: new Map(), predictions: new Map() };
}

/** Adds what `last` counted beyond `base`. No count is ever below zero, whatever a pod says. */
function addDifference(tally: MutableTally, { counted: last }: Point, base: Point | undefined): void {
  const before = base?.counted;
  addCounts(tally.failures, last.failures, before?.failures);
  addCounts(tally.totals, totalsOf(last), before === undefined ? undefined : totalsOf(before));
  addBuckets(tally.histogram, histogramOf(last), before === undefined ? undefined : histogramOf(before));
  if ('requests' in last) {
    const earlier = before !== undefined && 'requests' in before ? before.predictions : undefined;
    addCounts(tally.predictions, last.predictions, earlier);
  }
}

type Counts = Readonly<Record<string, number>>;

function addCounts(to: Map<string, number>, last: Counts, base: Counts | undefined): void {
  for (const name of Object.keys(last)) {
    const before = base !== undefined && Object.hasOwn(base, name) ? (base[name] ?? 0) : 0;
    addCount(to, name, (last[name] ?? 0) - before);
  }
}

function addBuckets(
  to: Map<number, number>,
  last: ReportedHistogram,
  base: ReportedHistogram | undefined,
): void {
  if (!isHistogram(last)) return;
  const known = base !== undefined && haveSameBounds(last, base) ? base : undefined;
  for (const [i, count] of last.counts.entries()) {
    addCount(to, last.bounds[i] ?? Infinity, count - (known?.counts[i] ?? 0));
  }
}

function addCount<K>(to: Map<K, number>, key: K, count: number): void {
  to.set(key, Math.min((to.get(key) ?? 0) + Math.max(0, count), Number.MAX_SAFE_INTEGER));
}

function haveSameBounds({ bounds: a }: ReportedHistogram, { bounds: b }: ReportedHistogram): boolean {
  return a === b || (a.length === b.length && a.every((bound, i) => bound === b[i]));
}

/** Its bounds rise, and no bucket is missing. */
function isHistogram({ bounds, counts }: ReportedHistogram): boolean {
  return (
    counts.length === bounds.length + 1 &&
    bounds.every((bound, i) => i === 0 || bound > (bounds[i - 1] ?? bound))
  );
}

function histogramOf(counted: Point['counted']): ReportedHistogram {
  return 'requests' in counted ? counted.latency : counted.differences;
}

function totalsOf(counted: Point['counted']): Counts {
  if ('requests' in counted) return { requests: counted.requests };
  const { compared, agreed, dropped } = counted;
  return { compared, agreed, dropped };
}

export function sum(counts: Iterable<number>): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
