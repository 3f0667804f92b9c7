import type { PodReport, ReportedShadow, ReportedSide } from '#contract/pod-report.ts';
import type { Check } from '#operator/api/rollout-settings.ts';
import type { CheckResult } from './check-result.ts';
import type { CheckContext } from './checks-context.ts';
import { judgeChecks } from './checks.ts';
import { SETTLE_MS } from './defaults.ts';
import type { PodSample } from './readings.ts';
import { NOTHING_READ } from './readings.ts';

export const CANDIDATE = 'bankchurn-cccccccccc';
export const STABLE_REVISION = 'bankchurn-aaaaaaaaaa';
export const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5];
/** From when on readings of the tests' step count. */
export const BEGAN = Date.UTC(2030, 0, 1);

/** Requests that all took `seconds`, of which some failed. */
export function side(
  requests: number,
  more: {
    readonly failures?: Readonly<Record<string, number>>;
    readonly seconds?: number;
    readonly predictions?: Readonly<Record<string, number>>;
  } = {},
): ReportedSide {
  const { failures = {}, seconds = 0.002, predictions = {} } = more;
  const at = BOUNDS.findIndex((bound) => seconds <= bound);
  const bucket = at < 0 ? BOUNDS.length : at;
  const counts = Array.from({ length: BOUNDS.length + 1 }, (_, i) => (i === bucket ? requests : 0));
  return {
    requests,
    failures: { ...failures },
    latency: { bounds: BOUNDS, counts },
    predictions: { ...predictions },
  };
}

export function copies(more: Partial<ReportedShadow> = {}): ReportedShadow {
  const differences = { bounds: [0.001, 0.01, 0.1], counts: [0, 0, 0, 0] };
  return { compared: 0, agreed: 0, failures: {}, dropped: 0, differences, worst: [], ...more };
}

/** What a stable pod reports while there is a candidate. */
export function report(
  more: {
    readonly stable?: ReportedSide;
    readonly forwarded?: ReportedSide;
    readonly copied?: ReportedShadow;
    readonly instance?: string;
    readonly candidate?: string;
    readonly number?: number;
    readonly generation?: number;
  } = {},
): PodReport {
  const { stable = side(0), forwarded = side(0), copied = copies(), instance = 'one' } = more;
  const { candidate = CANDIDATE, number = 2, generation = 5 } = more;
  return {
    revision: STABLE_REVISION,
    generation,
    instance,
    served: side(0),
    rollout: { candidate, number, stable, forwarded, copied },
  };
}

/** A reading so many seconds after the step began. */
export function sample(second: number, of: PodReport, uid = 'pod-1', revision = STABLE_REVISION): PodSample {
  return { uid, revision, at: BEGAN + second * 1000, report: of };
}

/** Nothing counted at the step's begin, and this after so many seconds. */
export function after(seconds: number, of: PodReport): readonly PodSample[] {
  return [sample(0, report()), sample(seconds, of)];
}

export function contextOf(
  seconds: number,
  samples: readonly PodSample[],
  more: Partial<CheckContext> = {},
): CheckContext {
  return {
    now: BEGAN + seconds * 1000,
    phase: 'Step',
    since: BEGAN - SETTLE_MS,
    name: 'bankchurn',
    namespace: 'churn',
    candidate: { revision: CANDIDATE, number: 2, metrics: { rmse: 4200, auc: 0.91 } },
    stable: STABLE_REVISION,
    ...more,
    monitoring: {
      ...NOTHING_READ,
      samples,
      watchedMs: seconds * 1000,
      asked: true,
      followedMs: seconds * 1000,
      ...more.monitoring,
    },
  };
}

/** What one check says. */
export function judged(check: Check, context: CheckContext): CheckResult {
  const [result, ...more] = judgeChecks([check], context);
  if (result === undefined || more.length > 0) throw new Error('one result was expected');
  return result;
}
