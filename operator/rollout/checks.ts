import { withDefaults, type Check, type RolloutSettings } from '#operator/api/rollout-settings.ts';
import { durationMs } from '#operator/api/schema.ts';
import type { CheckResult } from './check-result.ts';
import type { CheckContext } from './checks-context.ts';
import { judgeAgreement, judgeErrorRate } from './checks-rates.ts';
import { judgeLatency } from './checks-latency.ts';
import { judgeGolden, judgeMetric } from './checks-model.ts';
import { judgePredictionShift } from './checks-shift.ts';
import { judgePrometheus } from './checks-prometheus.ts';
import { clipped } from './checks-text.ts';
import { DEFAULT_CHECKS } from './defaults.ts';

export type { CheckContext } from './checks-context.ts';
export { queriesOf } from './queries.ts';

/** The checks of a phase: those of the spec, or the defaults, less those that have nothing to look at in it. */
export function checksOf(settings: RolloutSettings, phase: CheckContext['phase']): readonly Check[] {
  return (settings.checks?.map(withDefaults) ?? DEFAULT_CHECKS).filter((check) => applies(check, phase));
}

/** Pods count latencies and predictions of shadow copies nowhere; after the promotion there is no other side. */
function applies({ latency, agreement, predictionShift }: Check, phase: CheckContext['phase']): boolean {
  if (agreement !== undefined) return phase === 'Shadow';
  if (predictionShift !== undefined) return phase === 'Step';
  if (latency === undefined) return true;
  return phase === 'Step' || (phase === 'Baking' && latency.maxSeconds !== undefined);
}

/** What each check says now. A check that compares with a stable revision is left out where there is none. */
export function judgeChecks(checks: readonly Check[], context: CheckContext): readonly CheckResult[] {
  const taken = new Map<string, number>();
  return checks
    .map((check) => judge(check, context))
    .filter((result) => result !== undefined)
    .map((result) => {
      const times = (taken.get(result.name) ?? 0) + 1;
      taken.set(result.name, times);
      return fitted(times === 1 ? result : { ...result, name: `${clipped(result.name, 120)} (${times})` });
    });
}

/** The longest time that a check looks back. */
export function longestWindowMs(checks: readonly Check[]): number {
  const windows = checks.flatMap(({ errorRate, latency, agreement, predictionShift }) =>
    [errorRate, latency, agreement, predictionShift].flatMap((each) =>
      each === undefined ? [] : [each.window],
    ),
  );
  return Math.max(0, ...windows.map(durationMs));
}

function judge(check: Check, context: CheckContext): CheckResult | undefined {
  const { metric, golden, errorRate, latency, agreement, predictionShift, prometheus } = check;
  if (metric !== undefined) return judgeMetric(metric, context);
  if (golden !== undefined) return judgeGolden();
  if (errorRate !== undefined) return judgeErrorRate(errorRate, context);
  if (latency !== undefined) return judgeLatency(latency, context);
  if (agreement !== undefined) return judgeAgreement(agreement, context);
  if (predictionShift !== undefined) return judgePredictionShift(predictionShift, context);
  return prometheus === undefined ? undefined : judgePrometheus(prometheus, context);
}

/** As much as status has room for (operator/api/rollout-status.ts). */
function fitted({ name, value, limit, message, ...rest }: CheckResult): CheckResult {
  return {
    ...rest,
    name: clipped(name, 128),
    ...(value === undefined ? {} : { value: clipped(value, 64) }),
    limit: clipped(limit, 128),
    message: clipped(message, 1024),
  };
}
