/** Roughly normal numbers with mean 0 and deviation 1: twelve uniform ones, added. */
export function normal(random: () => number): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random();
  return sum;
}
