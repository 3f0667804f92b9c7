import type { ReportedSide } from '#contract/pod-report.ts';
import type { PodSample } from '#operator/rollout/readings.ts';

// What readings take of the operator's memory, as V8 lays them out: near enough to hold a budget, and rather too much
// than too little. What a reading shares with the one beside it (compact.ts) counts once.

type Part = readonly unknown[] | Readonly<Record<string, number>>;

interface Weight {
  readonly own: number;
  /** Its names, that another reading of the same names has too: V8 keeps each name once. */
  readonly names: { readonly bytes: number };
}

/** The objects of a reading, without its counts. */
const SAMPLE_BYTES = 1000;
const LIST_BYTES = 48;
const NUMBER_BYTES = 8;
/** One of the worst requests: a hash and two numbers. */
const WORST_BYTES = 240;
/** An entry of a dictionary: three words, of which up to two thirds are free. */
const ENTRY_BYTES = 72;
/** Numbers above stand outside their dictionary. */
const GREATEST_INLINE = 2 ** 31 - 1;
const BOXED_NUMBER_BYTES = 16;
/** Beside its characters, of two bytes at most. */
const NAME_BYTES = 40;
const NO_PARTS: readonly undefined[] = [];
const NO_NAMES = { bytes: 0 };

/** One pod's readings in their order. */
export function bytesIn(samples: readonly PodSample[]): number {
  return samples.reduce((total, sample, i) => total + bytesBeside(sample, samples[i - 1]), 0);
}

/** What a reading adds to another one of the same pod. */
export function bytesBeside(sample: PodSample, beside: PodSample | undefined): number {
  const others = beside === undefined ? NO_PARTS : partsOf(beside);
  let bytes = SAMPLE_BYTES + textBytes(sample);
  for (const [i, part] of partsOf(sample).entries()) {
    const other = others[i];
    if (part === undefined || part === other) continue;
    const { own, names } = weightOf(part, other);
    const areShared = other !== undefined && weights.get(other)?.names === names;
    bytes += own + (areShared ? 0 : names.bytes);
  }
  return bytes;
}

function textBytes({ report: { revision, instance, rollout } }: PodSample): number {
  return 2 * ((revision?.length ?? 0) + (instance?.length ?? 0) + (rollout?.candidate.length ?? 0));
}

const parts = new WeakMap<PodSample, readonly (Part | undefined)[]>();

function partsOf(sample: PodSample): readonly (Part | undefined)[] {
  const known = parts.get(sample) ?? collectParts(sample);
  parts.set(sample, known);
  return known;
}

/** Always as many, so that two readings' can be compared by their places. */
function collectParts({ report: { served, rollout } }: PodSample): readonly (Part | undefined)[] {
  const { stable, forwarded, copied } = rollout ?? {};
  const { bounds, counts } = copied?.differences ?? {};
  return [
    ...partsOfSide(served),
    ...partsOfSide(stable),
    ...partsOfSide(forwarded),
    bounds,
    counts,
    copied?.failures,
    copied?.worst,
  ];
}

function partsOfSide(side: ReportedSide | null | undefined): readonly (Part | undefined)[] {
  const { latency, failures, predictions } = side ?? {};
  return [latency?.bounds, latency?.counts, failures, predictions];
}

const weights = new WeakMap<Part, Weight>();

function weightOf(part: Part, beside: Part | undefined): Weight {
  const known = weights.get(part);
  if (known !== undefined) return known;
  const weight = isList(part) ? listWeight(part) : recordWeight(part, beside);
  weights.set(part, weight);
  return weight;
}

function listWeight(list: readonly unknown[]): Weight {
  const each = typeof list[0] === 'object' ? WORST_BYTES : NUMBER_BYTES;
  return { own: LIST_BYTES + each * list.length, names: NO_NAMES };
}

function recordWeight(record: Readonly<Record<string, number>>, beside: Part | undefined): Weight {
  let own = LIST_BYTES;
  let bytes = 0;
  let areNew = beside === undefined;
  for (const [name, count] of Object.entries(record)) {
    own += ENTRY_BYTES + (count > GREATEST_INLINE ? BOXED_NUMBER_BYTES : 0);
    bytes += NAME_BYTES + 2 * name.length;
    areNew ||= beside !== undefined && !Object.hasOwn(beside, name);
  }
  const names = areNew || beside === undefined ? undefined : weights.get(beside)?.names;
  return { own, names: names ?? { bytes } };
}

function isList(part: Part): part is readonly unknown[] {
  return Array.isArray(part);
}
