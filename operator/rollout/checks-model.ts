import type { Check } from '#operator/api/rollout-settings.ts';
import type { CheckResult } from './check-result.ts';
import type { CheckContext } from './checks-context.ts';
import { boundsText, clipped, demand, numberText } from './checks-text.ts';

/** What training measured. A metric that is not there never comes: it fails. */
export function judgeMetric(
  { name, max, min }: NonNullable<Check['metric']>,
  { candidate: { metrics = {}, revision } }: CheckContext,
): CheckResult {
  const limit = boundsText({ min, max });
  const shown = { name: `metric ${name}`, limit };
  const value = Object.hasOwn(metrics, name) ? metrics[name] : undefined;
  if (value === undefined) {
    const known = Object.keys(metrics).sort();
    const has = known.length === 0 ? 'it has none' : `it has ${clipped(known.join(', '), 400)}`;
    const message = `The bundle of ${revision} has no metric ${name}: ${has}. Correct the check's name, or write the metric into model.json.`;
    return { ...shown, state: 'fail', message };
  }
  const holds = (max === undefined || value <= max) && (min === undefined || value >= min);
  const message = `model.json of ${revision} has ${name} ${numberText(value)}; ${demand(limit)}.`;
  return { ...shown, state: holds ? 'pass' : 'fail', value: numberText(value), message };
}

/** Pods repeat the bundle's golden requests before they turn ready, and a candidate gets nothing before its pods are. */
export function judgeGolden(): CheckResult {
  return {
    name: 'golden',
    state: 'pass',
    value: 'reproduced',
    limit: "the bundle's recorded answers",
    message: "The candidate's pods repeated the bundle's recorded answers before they turned ready.",
  };
}
