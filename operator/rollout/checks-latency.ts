import type { Check } from '#operator/api/rollout-settings.ts';
import type { CheckResult } from './check-result.ts';
import type { CheckContext } from './checks-context.ts';
import { unread, windowStart } from './checks-pods.ts';
import { tooFew } from './checks-rates.ts';
import { numberText, secondsText } from './checks-text.ts';
import { LEAST_SLOWDOWN_SECONDS, WARM_UP_MS } from './defaults.ts';
import { countAbove, quantile } from './windows-quantile.ts';
import type { Quantile } from './windows-quantile.ts';
import { FORWARDED, increase, SERVED, STABLE, sum } from './windows.ts';
import type { Increase } from './windows.ts';

type Settings = NonNullable<Check['latency']>;

/** How long the candidate takes; what a step's first seconds took is left out. */
export function judgeLatency(settings: Settings, context: CheckContext): CheckResult {
  const from = Math.max(windowStart(settings.window, context), context.since + WARM_UP_MS);
  const candidate = increase(context.phase === 'Baking' ? SERVED : FORWARDED, context, from);
  const ratio = context.phase === 'Step' ? settings.maxRatio : undefined;
  const stable = ratio === undefined ? undefined : increase(STABLE, context, from);
  const shown = shownOf(settings, ratio, candidate, stable);
  const waits = (message: string): CheckResult => ({ ...shown, state: 'wait', message });
  const silence = unread(candidate, context);
  if (silence !== undefined) return waits(silence);
  const { minSamples, window } = settings;
  if (shown.samples < minSamples) return waits(tooFew(shown.samples, minSamples, 'requests', window));
  const stableSamples = stable === undefined ? minSamples : sum(stable.histogram.values());
  if (stableSamples < minSamples) {
    return waits(`The stable revision: ${tooFew(stableSamples, minSamples, 'requests', window)}`);
  }
  return compare(settings, ratio, shown, { candidate, stable });
}

interface Shown {
  readonly name: string;
  readonly limit: string;
  readonly samples: number;
  readonly value?: string;
}

function shownOf(
  { quantile: q, maxSeconds }: Settings,
  ratio: number | undefined,
  candidate: Increase,
  stable: Increase | undefined,
): Shown {
  const percentile = `p${numberText(q * 100)}`;
  const limits = [
    ...(maxSeconds === undefined ? [] : [`at most ${secondsText(maxSeconds)}`]),
    ...(ratio === undefined
      ? []
      : [`at most ${numberText(ratio)} x stable's, or ${secondsText(LEAST_SLOWDOWN_SECONDS)} more`]),
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

/** Each limit by itself; the first one that fails, else the first one that cannot be told, is the answer. */
function compare(
  { quantile: q, maxSeconds }: Settings,
  ratio: number | undefined,
  shown: Shown,
  { candidate, stable }: { readonly candidate: Increase; readonly stable: Increase | undefined },
): CheckResult {
  const other = stable === undefined ? undefined : quantile(stable.histogram, q);
  const limits: Limit[] = [];
  if (maxSeconds !== undefined) limits.push({ seconds: maxSeconds, isAtLeast: false });
  if (ratio !== undefined && other !== undefined) {
    const seconds = Math.max(other.value * ratio, other.value + LEAST_SLOWDOWN_SECONDS);
    limits.push({ seconds, isAtLeast: other.isAbove });
  }
  const verdicts = limits.map((limit) => verdictOf(candidate.histogram, q, limit));
  const state =
    verdicts.find((each) => each === 'fail') ?? verdicts.find((each) => each !== 'pass') ?? 'pass';
  const found = `${shown.samples} requests: ${shown.value ?? 'nothing'}; ${shown.limit} is allowed`;
  if (state === 'fail') return { ...shown, state, message: `The candidate is too slow. ${found}.` };
  if (state === 'pass') return { ...shown, state, message: `The candidate is fast enough. ${found}.` };
  const why = {
    close: 'So few more than allowed are slow that it may be chance; more requests will tell.',
    unknown:
      'Pods count nothing above that: no telling how it compares. Give a smaller maxSeconds instead of what is there.',
  }[state];
  return { ...shown, state: 'wait', message: `${found}. ${why}` };
}

interface Limit {
  readonly seconds: number;
  /** All that is known is that the limit is no less than this. */
  readonly isAtLeast: boolean;
}

/** Standard errors that chance hardly ever makes, and requests that one pause may slow beyond it. */
const CHANCE_SIGMAS = 4;
const CHANCE_REQUESTS = 3;

/**
 * A quantile q is above the limit where more than the share 1 - q of the requests is. Of n requests so many are by chance
 * about n(1-q), with a standard error of sqrt(n q (1-q)): only what is well beyond that fails.
 */
function verdictOf(
  histogram: ReadonlyMap<number, number>,
  q: number,
  { seconds, isAtLeast }: Limit,
): 'pass' | 'fail' | 'close' | 'unknown' {
  const own = quantile(histogram, q);
  if (own === undefined) return 'unknown';
  if (own.isAbove && (isAtLeast || own.value < seconds)) return 'unknown';
  if (own.value <= seconds) return 'pass';
  if (isAtLeast) return 'unknown';
  const n = sum(histogram.values());
  const allowed = n * (1 - q) + CHANCE_SIGMAS * Math.sqrt(n * q * (1 - q)) + CHANCE_REQUESTS;
  return countAbove(histogram, seconds) > Math.min(allowed, n - 1) ? 'fail' : 'close';
}
