import { duration } from '#test/support/duration.ts';

/** Where progress goes: one line per event, on stderr so that a command's own output stays clean. */
export type Progress = (line: string) => void;

export const printProgress: Progress = (line) => {
  process.stderr.write(`${line}\n`);
};

/** Seconds since `start` (from performance.now()), for people. */
export function elapsed(start: number): string {
  const seconds = (performance.now() - start) / 1000;
  return duration(seconds, seconds < 10 ? 1 : 0);
}

const TICK_MS = 10_000;
/** So many ticks are said, and then every third one. */
const OFTEN = 6;
const SELDOM = 3;

/**
 * Runs `work`, says when it starts if it takes more than 2 s, says every 10 s (every 30 s after the
 * first minute) that it goes on, and how long it took.
 */
export async function timed<T>(
  what: string,
  progress: Progress,
  work: () => Promise<T>,
  detail?: () => string,
): Promise<T> {
  const start = performance.now();
  let said = false;
  const say = (): void => {
    said = true;
    const more = detail?.() ?? '';
    progress(`  ${what}: ${elapsed(start)}${more === '' ? '' : `, ${more}`}`);
  };
  const first = setTimeout(say, 2000);
  let ticks = 0;
  const ticker = setInterval(() => {
    ticks += 1;
    if (ticks <= OFTEN || ticks % SELDOM === 0) say();
  }, TICK_MS);
  try {
    const result = await work();
    if (said) progress(`  ${what}: done in ${elapsed(start)}`);
    return result;
  } finally {
    clearTimeout(first);
    clearInterval(ticker);
  }
}
