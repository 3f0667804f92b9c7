/** Seconds for people: below a minute with so many decimals, above it in minutes and whole seconds. */
export function duration(seconds: number, decimals = 0): string {
  if (seconds < 60) return `${seconds.toFixed(decimals)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
