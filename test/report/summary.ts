import { columns } from '#cli/format/index.ts';
import { duration } from '#test/support/duration.ts';
import { total } from './counts.ts';
import type { Counts } from './counts.ts';

export interface Outcome {
  readonly name: string;
  readonly counts: Counts;
  readonly seconds: number;
}

const FAILURES_SHOWN = 5;

/** The first failed tests, the table of all stages, and the plain count as its last line. */
export function summary(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ name, counts, seconds }) => [
    name,
    `${counts.passed} passed`,
    `${counts.failed} failed`,
    counts.skipped === 0 ? '' : `${counts.skipped} skipped`,
    duration(seconds, 1),
  ]);
  const { passed, failed } = total(outcomes.map(({ counts }) => counts));
  const failures = outcomes.flatMap(({ counts }) => counts.failures ?? []);
  const more = failures.length - FAILURES_SHOWN;
  return [
    ...failures.slice(0, FAILURES_SHOWN),
    ...(more > 0 ? [`and ${more} more`] : []),
    ...columns(rows),
    `${passed} passed, ${failed} failed`,
  ].join('\n');
}

/**
 * The exit code. End-to-end tests are skipped as a whole where no cluster can run; `clusterRequired` (CI) does not
 * accept that.
 */
export function exitCode(outcomes: readonly Outcome[], clusterRequired: boolean): 0 | 1 {
  const skipped = outcomes.some(({ name, counts }) => name === 'e2e' && counts.passed + counts.failed === 0);
  return total(outcomes.map(({ counts }) => counts)).failed > 0 || (skipped && clusterRequired) ? 1 : 0;
}
