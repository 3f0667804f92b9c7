import type { RolloutStatus } from '#operator/api/rollout-status.ts';
import type { CheckContext } from './checks-context.ts';
import { numberText } from './checks-text.ts';
import type { PodSample } from './readings.ts';
import { quantile } from './windows-quantile.ts';
import { COPIED, sum, totalOf } from './windows.ts';

const WORST = 10;

/** What comparing came to since the candidate got its first copy; undefined where no copy is known of. */
export function shadowReport(context: CheckContext): RolloutStatus['shadow'] {
  const { totals, failures, histogram, pods } = totalOf(COPIED, context);
  const [compared, agreed, dropped] = ['compared', 'agreed', 'dropped'].map((name) => totals.get(name) ?? 0);
  const failed = Math.min(sum(failures.values()), Number.MAX_SAFE_INTEGER);
  const copies = (compared ?? 0) + (dropped ?? 0) + failed;
  if (pods === 0 || (copies === 0 && context.phase !== 'Shadow')) return undefined;
  const median = differenceText(histogram, 0.5);
  const tail = differenceText(histogram, 0.99);
  const worst = worstOf(context);
  return {
    compared: compared ?? 0,
    agreed: Math.min(agreed ?? 0, compared ?? 0),
    failed,
    dropped: dropped ?? 0,
    ...(median === undefined ? {} : { p50Difference: median }),
    ...(tail === undefined ? {} : { p99Difference: tail }),
    ...(worst.length === 0 ? {} : { worst }),
  };
}

function differenceText(histogram: ReadonlyMap<number, number>, q: number): string | undefined {
  const difference = quantile(histogram, q);
  if (difference === undefined) return undefined;
  return `${difference.isAbove ? 'over ' : ''}${numberText(difference.value)}`;
}

/** Of each pod's newest report; a hash is all that is shown of a request, and only where it looks like one. */
function worstOf(context: CheckContext): { hash: string; difference: string }[] {
  const newest = new Map<string, PodSample>();
  for (const sample of context.monitoring.samples) {
    if (sample.at <= context.now && COPIED.read(sample, context) !== undefined)
      newest.set(sample.uid, sample);
  }
  const differences = new Map<string, number>();
  for (const { report } of newest.values()) {
    for (const { hash, difference } of report.rollout?.copied.worst ?? []) {
      if (!/^[0-9a-f]{8,64}$/.test(hash)) continue;
      differences.set(hash, Math.max(difference, differences.get(hash) ?? -Infinity));
    }
  }
  return [...differences]
    .sort(([, a], [, b]) => b - a)
    .slice(0, WORST)
    .map(([hash, difference]) => ({ hash, difference: numberText(difference) }));
}
