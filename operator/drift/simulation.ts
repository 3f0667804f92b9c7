import { seeded } from '#test/support/random.ts';
import type { PodDrift } from '#contract/pod-drift.ts';
import { DriftSum, type SumRule } from './sum.ts';

// Models whose traffic has a known distribution, so that false alarms and delays can be counted.

/** The churn model's features: how many rows of a hundred fall into each bin; the last bins are over/other and missing. */
const DECILES = [0, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 0, 0];
interface SimulatedFeature {
  readonly name: string;
  readonly categories: number;
  readonly shares: readonly number[];
}
export const CHURN: readonly SimulatedFeature[] = [
  { name: 'CreditScore', categories: 0, shares: DECILES },
  { name: 'Age', categories: 0, shares: DECILES },
  { name: 'Tenure', categories: 0, shares: [0, 4, 9, 10, 9, 9, 9, 9, 10, 9, 9, 4, 0, 9] },
  { name: 'Balance', categories: 0, shares: [0, 36, 13, 13, 13, 13, 12, 0, 0] },
  { name: 'NumOfProducts', categories: 0, shares: [0, 51, 45.7, 2.7, 0.6, 0, 0] },
  { name: 'HasCrCard', categories: 0, shares: [0, 29.4, 70.6, 0, 0] },
  { name: 'IsActiveMember', categories: 0, shares: [0, 48.5, 51.5, 0, 0] },
  { name: 'EstimatedSalary', categories: 0, shares: DECILES },
  { name: 'Geography', categories: 3, shares: [50.1, 25.1, 24.8, 0, 0] },
  { name: 'Gender', categories: 2, shares: [54.6, 45.4, 0, 0] },
  { name: 'prediction', categories: 0, shares: DECILES },
];

/** Moves a share of a feature's rows into the bin above its range. */
export function moved(features: readonly SimulatedFeature[], name: string, share: number): typeof features {
  return features.map((feature) =>
    feature.name === name
      ? {
          ...feature,
          shares: feature.shares.map((percent, bin) =>
            bin === feature.shares.length - 2 ? percent + 100 * share : percent * (1 - share),
          ),
        }
      : feature,
  );
}

/** Tilts a feature's bins: those at the upper end become likelier, those at the lower end less so. */
export function tilted(features: readonly SimulatedFeature[], name: string, by: number): typeof features {
  return features.map((feature) =>
    feature.name === name
      ? {
          ...feature,
          shares: feature.shares.map(
            (percent, bin) => percent * Math.exp(by * ((2 * bin) / (feature.shares.length - 1) - 1)),
          ),
        }
      : feature,
  );
}

export interface Simulation {
  /** What the model was trained on, and how many rows of it. */
  readonly trained: readonly SimulatedFeature[];
  readonly referenceRows: number;
  /** What its callers send. */
  readonly sent: readonly SimulatedFeature[];
  readonly rows: number;
  readonly pods: number;
  readonly rule: SumRule;
}

/** Disjoint windows of as many rows, each against the reference of a model that was trained anew every hundred windows. */
export function* windows(simulation: Simulation, count: number, seed: number): Generator<readonly string[]> {
  const random = seeded(seed);
  const { trained, sent, referenceRows, rows, pods } = simulation;
  let reference: readonly (readonly number[])[] = [];
  for (let window = 0; window < count; window++) {
    if (window % 100 === 0) reference = drawn(trained, referenceRows, random);
    const sum = new DriftSum(3_600_000, () => 0);
    for (let pod = 0; pod < pods; pod++) {
      const share = Math.floor(rows / pods) + (pod < rows % pods ? 1 : 0);
      sum.add(`pod-${pod}`, reportOf(sent, reference, drawn(sent, share, random)));
    }
    yield sum
      .features(simulation.rule)
      .filter(({ state }) => state === 'drifted')
      .map(({ name }) => name);
  }
}

/** After how many rows a shift that begins with an empty window is seen first; undefined: not within `most`. */
export function delay(simulation: Simulation, step: number, most: number, seed: number): number | undefined {
  const random = seeded(seed);
  const { trained, sent, referenceRows, rule } = simulation;
  const reference = drawn(trained, referenceRows, random);
  const sum = new DriftSum(3_600_000, () => 0);
  let counts = sent.map(({ shares }) => shares.map(() => 0));
  for (let rows = step; rows <= most; rows += step) {
    const more = drawn(sent, step, random);
    counts = counts.map((bins, i) => bins.map((all, bin) => all + (more[i]?.[bin] ?? 0)));
    sum.add('pod', reportOf(sent, reference, counts));
    if (sum.features(rule).some(({ state }) => state === 'drifted')) return rows;
  }
  return undefined;
}

export function reportOf(
  features: readonly SimulatedFeature[],
  reference: readonly (readonly number[])[],
  counts: readonly (readonly number[])[],
): PodDrift {
  return {
    formatVersion: 1,
    instance: 'one',
    ageMs: 0,
    leftOut: 0,
    features: features.map(({ name, categories }, i) => ({
      name,
      categories,
      reference: [...(reference[i] ?? [])],
      counts: [...(counts[i] ?? [])],
    })),
  };
}

const GUIDES = 256;

/** So many rows of each feature, by bin. A guide table finds most rows' bins at the first look. */
export function drawn(
  features: readonly SimulatedFeature[],
  rows: number,
  random: () => number,
): readonly (readonly number[])[] {
  return features.map(({ shares }) => {
    const total = shares.reduce((sum, share) => sum + share, 0);
    let sum = 0;
    const bounds = Float64Array.from(shares, (share) => (sum += share / total));
    const last = bounds.length - 1;
    const guides = Uint8Array.from({ length: GUIDES }, (_, i) => {
      const bin = bounds.findIndex((bound) => i / GUIDES < bound);
      return bin < 0 ? last : bin;
    });
    const counts = new Uint32Array(shares.length);
    for (let row = 0; row < rows; row++) {
      const value = random();
      let bin = guides[Math.floor(value * GUIDES)] as number;
      while (bin < last && value >= (bounds[bin] as number)) bin += 1;
      counts[bin] = (counts[bin] as number) + 1;
    }
    return [...counts];
  });
}

/** The upper 95 % bound of a probability of which so many of so many tries came true (Clopper and Pearson 1934, one-sided). */
export function upperBound(times: number, tries: number): number {
  let low = times / tries;
  let high = 1;
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (atMost(times, tries, middle) > 0.05) low = middle;
    else high = middle;
  }
  return high;
}

/** P(X <= times) of a binomial variable. */
function atMost(times: number, tries: number, share: number): number {
  let term = tries * Math.log1p(-share);
  let total = Math.exp(term);
  for (let k = 1; k <= times; k++) {
    term += Math.log((tries - k + 1) / k) + Math.log(share) - Math.log1p(-share);
    total += Math.exp(term);
  }
  return total;
}
