/** A reading of a process's memory. */
export interface Reading {
  readonly seconds: number;
  readonly mebibytes: number;
}

/** A quarter of the readings is a process that warms up. */
const WARM = 0.25;
/** MiB that the last third may lie above the first by chance: a collection of garbage that has not come yet. */
const SLACK = 25;

/** MiB an hour, by least squares over the readings after the first quarter; 0 for too few. */
export function slope(readings: readonly Reading[]): number {
  const used = warm(readings);
  if (used.length < 3) return 0;
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(used.map(({ seconds }) => seconds));
  const y = mean(used.map(({ mebibytes }) => mebibytes));
  const over = mean(used.map(({ seconds, mebibytes }) => (seconds - x) * (mebibytes - y)));
  const under = mean(used.map(({ seconds }) => (seconds - x) ** 2));
  return under === 0 ? 0 : (over / under) * 3600;
}

/** Why the memory is not flat; undefined where it is: the median of the last third is near that of the first. */
export function growth(readings: readonly Reading[]): string | undefined {
  const used = warm(readings);
  if (used.length < 9) return undefined;
  const third = Math.floor(used.length / 3);
  const first = median(used.slice(0, third));
  const last = median(used.slice(-third));
  return last > first * 1.1 + SLACK
    ? `memory grew from ${Math.round(first)} to ${Math.round(last)} MiB (${Math.round(slope(readings))} MiB an hour)`
    : undefined;
}

function warm(readings: readonly Reading[]): readonly Reading[] {
  return readings.slice(Math.floor(readings.length * WARM));
}

function median(readings: readonly Reading[]): number {
  const sorted = readings.map(({ mebibytes }) => mebibytes).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
