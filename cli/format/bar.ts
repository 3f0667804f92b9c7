const CELLS = 20;

/** A share of two as a bar of 20 cells; neither side vanishes while it has anything. */
export function bar(percent: number, cells = CELLS): string {
  const whole = Math.round((cells * percent) / 100);
  const filled = percent <= 0 ? 0 : percent >= 100 ? cells : Math.min(cells - 1, Math.max(1, whole));
  return '█'.repeat(filled) + '░'.repeat(cells - filled);
}
