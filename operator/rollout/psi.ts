import { psi } from '#contract/psi.ts';

/** Bins with fewer on both sides together are taken as one: what few rows are spread over is chance. */
const RARE = 10;
/** Standard deviations of the normal distribution: chance comes out above once in 30,000 looks. */
const CHANCE_SIGMAS = 4;

export interface Shift {
  readonly psi: number;
  /** What two samples of this size of one and the same distribution hardly ever exceed. */
  readonly chance: number;
  readonly bins: number;
}

type Bins = ReadonlyMap<string, number>;

/** How far apart two mixes of predictions are; the bins are those of both. */
export function shiftBetween(before: Bins, after: Bins): Shift {
  const pairs = comparable(before, after);
  const total = (side: 0 | 1): number => pairs.reduce((sum, pair) => sum + pair[side], 0);
  const value = psi(
    pairs.map(([count]) => count),
    pairs.map(([, count]) => count),
  );
  return { psi: value, chance: chanceOf(pairs.length, total(0), total(1)), bins: pairs.length };
}

function comparable(before: Bins, after: Bins): readonly (readonly [number, number])[] {
  const pairs: [number, number][] = [];
  const rest: [number, number] = [0, 0];
  for (const bin of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(bin) ?? 0, after.get(bin) ?? 0];
    if (a + b >= RARE) {
      pairs.push([a, b]);
    } else {
      rest[0] += a;
      rest[1] += b;
    }
  }
  return rest[0] + rest[1] > 0 ? [...pairs, rest] : pairs;
}

/**
 * Without a shift PSI / (1/n + 1/m) is distributed as chi-square with bins - 1 degrees (Yurdakul and Naranjo 2020,
 * "Statistical properties of the population stability index"): its mean is (bins - 1)(1/n + 1/m). Its quantile after
 * Wilson and Hilferty 1931.
 */
function chanceOf(bins: number, n: number, m: number): number {
  if (n === 0 || m === 0) return Infinity;
  const degrees = Math.max(1, bins - 1);
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + CHANCE_SIGMAS * Math.sqrt(spread)) ** 3 * (1 / n + 1 / m);
}
