import { expect, it } from 'vitest';
import { psi } from '#contract/psi.ts';
import { seeded } from '#test/support/random.ts';
import { shiftBetween } from './psi.ts';

const mapOf = (counts: readonly number[]): ReadonlyMap<string, number> =>
  new Map(counts.map((count, bin) => [String(bin), count]));

it('is the index that drift is measured by', () => {
  const [before, after] = [
    [400, 300, 200, 100],
    [100, 250, 350, 300],
  ];
  expect(shiftBetween(mapOf(before ?? []), mapOf(after ?? [])).psi).toBeCloseTo(
    psi(before ?? [], after ?? []),
    12,
  );
});

it('takes bins that hardly anything fell into as one', () => {
  const rare = Array.from({ length: 100 }, (_, bin): [string, number] => [`rare ${bin}`, 1]);
  expect(shiftBetween(new Map([['a', 500], ...rare]), new Map([['a', 600]])).bins).toBe(2);
});

it('is nearly never above chance for two samples of one mix', () => {
  const random = seeded(1);
  const draw = (rows: number, bins: number): ReadonlyMap<string, number> => {
    const counts = Array.from({ length: bins }, () => 0);
    for (let row = 0; row < rows; row++) {
      const bin = Math.floor(bins * random() ** 2);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    return mapOf(counts);
  };
  let above = 0;
  for (let round = 0; round < 2000; round++) {
    const { psi: found, chance } = shiftBetween(draw(200, 10), draw(50, 10));
    if (found > chance) above += 1;
  }
  expect(above).toBeLessThanOrEqual(1);
});

it('cannot tell chance without rows on both sides', () => {
  expect(shiftBetween(new Map([['a', 10]]), new Map()).chance).toBe(Infinity);
});
