import type { Check } from '#operator/api/rollout-settings.ts';
import { durationMs } from '#operator/api/schema.ts';
import type { CheckResult } from './check-result.ts';
import type { CheckContext } from './checks-context.ts';
import { lookBack, unread } from './checks-pods.ts';
import { tooFew } from './checks-rates.ts';
import { numberText, secondsText } from './checks-text.ts';
import { LEAST_SLOWDOWN_SECONDS, SLOW_FOR_MS } from './defaults.ts';
import { countAbove, quantile } from './windows-quantile.ts';
import type { Quantile } from './windows-quantile.ts';
import { FORWARDED, increase, SERVED, STABLE, sum } from './windows.ts';
import type { Increase } from './windows.ts';

type Settings = NonNullable<Check['latency']>;

interface Judged {
  readonly settings: Settings;
  /** The ratio to the stable revision that is allowed; undefined where none is, or there is no other side. */
  readonly ratio: number | undefined;
  readonly context: CheckContext;
  readonly from: number;
  readonly span: string;
  readonly candidate: Increase;
  readonly stable: Increase | undefined;
}

/** How long the candidate takes to answer, in seconds or against the stable revision in the same window. */
export function judgeLatency(settings: Settings, context: CheckContext): CheckResult {
  const { minSamples, window } = settings;
  const ratio = context.phase === 'Step' ? settings.maxRatio : undefined;
  const { from, found, span } = lookBack(
    window,
    context,
    (begin) => {
      const candidate = increase(ownCounter(context), context, begin);
      const stable = ratio === undefined ? undefined : increase(STABLE, context, begin);
      const others = stable === undefined ? minSamples : sum(stable.histogram.values());
      return { candidate, stable, samples: sum(candidate.histogram.values()), others };
    },
    ({ samples, others }) => Math.min(samples, others) >= minSamples,
  );
  const { candidate, stable, samples, others } = found;
  const judged = { settings, ratio, context, from, span, candidate, stable };
  const shown = shownOf(judged);
  const waits = (message: string): CheckResult => ({ ...shown, state: 'wait', message });
  const silence = unread(candidate, context);
  if (silence !== undefined) return waits(silence);
  if (samples < minSamples) return waits(tooFew(samples, minSamples, 'requests', span));
  if (others < minSamples) {
    return waits(`The stable revision: ${tooFew(others, minSamples, 'requests', span)}`);
  }
  return compare(judged, shown);
}

function ownCounter({ phase }: CheckContext): typeof SERVED {
  return phase === 'Baking' ? SERVED : FORWARDED;
}

interface Shown {
  readonly name: string;
  readonly limit: string;
  readonly samples: number;
  readonly value?: string;
}

function shownOf({ settings: { quantile: q, maxSeconds }, ratio, candidate, stable }: Judged): Shown {
  const percentile = `p${numberText(q * 100)}`;
  const least = secondsText(LEAST_SLOWDOWN_SECONDS);
  const limits = [
    ...(maxSeconds === undefined ? [] : [`at most ${secondsText(maxSeconds)}`]),
    ...(ratio === undefined ? [] : [`at most ${numberText(ratio)} x stable's, or ${least} more`]),
  ];
  const own = quantile(candidate.histogram, q);
  const other = stable === undefined ? undefined : quantile(stable.histogram, q);
  return {
    name: `latency ${percentile}`,
    limit: limits.join('; '),
    samples: sum(candidate.histogram.values()),
    ...(own === undefined ? {} : { value: `${percentile} ${quantileText(own)}${againstText(own, other)}` }),
  };
}

function againstText(own: Quantile, other: Quantile | undefined): string {
  if (other === undefined || other.value === 0) return '';
  return `, ${numberText(own.value / other.value)} x stable's ${quantileText(other)}`;
}

function quantileText({ value, isAbove }: Quantile): string {
  return `${isAbove ? 'over ' : ''}${secondsText(value)}`;
}

type Verdict = 'pass' | 'fail' | 'close' | 'unknown';

/** Each limit by itself; one that fails decides, then one that cannot be told. */
function compare(judged: Judged, shown: Shown): CheckResult {
  const verdicts = limitsOf(judged).map((limit) => verdictOf(judged, limit));
  const state =
    verdicts.find((each) => each === 'fail') ?? verdicts.find((each) => each !== 'pass') ?? 'pass';
  const found = `${shown.samples} requests ${judged.span}: ${shown.value ?? 'nothing'}; ${shown.limit} is allowed`;
  if (state === 'fail') return { ...shown, state, message: `The candidate is too slow. ${found}.` };
  if (state === 'pass') return { ...shown, state, message: `The candidate is fast enough. ${found}.` };
  const why = {
    close: `It fails once that is no chance, and lasts for ${SLOW_FOR_MS / 1000} s.`,
    unknown: 'Pods count no longer times than that, so there is no telling: give a maxSeconds below it.',
  }[state];
  return { ...shown, state: 'wait', message: `${found}. ${why}` };
}

interface Limit {
  readonly seconds: number;
  /** All that is known is that the limit is no less than this. */
  readonly isAtLeast: boolean;
}

function limitsOf({ settings: { quantile: q, maxSeconds }, ratio, stable }: Judged): readonly Limit[] {
  const other = stable === undefined ? undefined : quantile(stable.histogram, q);
  return [
    ...(maxSeconds === undefined ? [] : [{ seconds: maxSeconds, isAtLeast: false }]),
    ...(ratio === undefined || other === undefined
      ? []
      : [
          {
            seconds: Math.max(other.value * ratio, other.value + LEAST_SLOWDOWN_SECONDS),
            isAtLeast: other.isAbove,
          },
        ]),
  ];
}

function verdictOf(judged: Judged, limit: Limit): Verdict {
  const { candidate, settings } = judged;
  const own = quantile(candidate.histogram, settings.quantile);
  if (own === undefined) return 'unknown';
  if (own.isAbove && (limit.isAtLeast || own.value < limit.seconds)) return 'unknown';
  if (own.value <= limit.seconds) return 'pass';
  if (limit.isAtLeast) return 'unknown';
  const isSure =
    isNoChance(candidate.histogram, settings.quantile, limit.seconds) && hasLasted(judged, limit);
  return isSure ? 'fail' : 'close';
}

/** Standard errors that chance hardly ever makes, and requests that something may slow together beyond it. */
const CHANCE_SIGMAS = 4;
const CHANCE_REQUESTS = 3;

/** Of n requests about n(1-q) are above the quantile q, with a standard error of sqrt(n q (1-q)). */
function isNoChance(histogram: Increase['histogram'], q: number, seconds: number): boolean {
  const n = sum(histogram.values());
  const chance = n * (1 - q) + CHANCE_SIGMAS * Math.sqrt(n * q * (1 - q)) + CHANCE_REQUESTS;
  return countAbove(histogram, seconds) > Math.min(chance, n - 1);
}

/** Readings lie up to so far apart, so the first one of a span may be missing. */
const BETWEEN_READINGS_MS = 5000;

/** So many times the share that is allowed above a quantile is slow in each third, but no more than this is asked for. */
const TIMES_ALLOWED = 3;
const MOST_ASKED = 0.3;

/** Whether each third of the last half minute was much too slow by itself; one without requests says nothing. */
function hasLasted({ settings, context, from, candidate }: Judged, { seconds }: Limit): boolean {
  const { now } = context;
  const span = Math.min(SLOW_FOR_MS, durationMs(settings.window));
  const { firstAt } = candidate;
  if (now - from < span || firstAt === undefined || firstAt > now - span + BETWEEN_READINGS_MS) return false;
  const allowed = 1 - settings.quantile;
  const share = Math.max(allowed, Math.min(TIMES_ALLOWED * allowed, MOST_ASKED));
  return [3, 2, 1].every((third) => {
    const begin = now - (third * span) / 3;
    const { histogram } = increase(ownCounter(context), context, begin, begin + span / 3);
    return countAbove(histogram, seconds) >= share * sum(histogram.values());
  });
}
