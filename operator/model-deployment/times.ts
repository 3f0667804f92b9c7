/** The least of the times that are known. */
export function minimum(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** The least of those that are still to come. */
export function nextAfter(now: number, times: readonly (number | undefined)[]): number | undefined {
  return minimum(times.filter((time) => time !== undefined && time > now));
}
