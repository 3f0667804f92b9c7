import type { Check } from '#operator/api/rollout-settings.ts';
import type { CheckResult } from './check-result.ts';
import type { CheckContext } from './checks-context.ts';
import { unread, windowStart } from './checks-pods.ts';
import { numberText, percentText } from './checks-text.ts';
import { COPIED, FORWARDED, increase, SERVED, sum } from './windows.ts';
import type { Increase, Tally } from './windows.ts';

/** The share of requests that the candidate failed; while it is shadowed, of copies. */
export function judgeErrorRate(
  { max, minSamples, window }: NonNullable<Check['errorRate']>,
  context: CheckContext,
): CheckResult {
  const counter = { Shadow: COPIED, Step: FORWARDED, Baking: SERVED }[context.phase];
  const counted = increase(counter, context, windowStart(window, context));
  const bad = sum(counted.failures.values());
  const samples = Math.max(
    bad,
    context.phase === 'Shadow'
      ? (counted.totals.get('compared') ?? 0) + bad
      : (counted.totals.get('requests') ?? 0),
  );
  const what = context.phase === 'Shadow' ? 'copies' : 'requests';
  return judgeShare(
    { bad, samples, most: max, minSamples, window, counted, context },
    {
      name: 'errorRate',
      value: percentText(samples === 0 ? 0 : bad / samples),
      limit: `at most ${percentText(max)}`,
      what,
      found: `The candidate failed ${bad} of ${samples} ${what}${kindsOf(counted)} in the last ${window}`,
    },
  );
}

/** The share of shadow copies that both revisions answered alike. */
export function judgeAgreement(
  { min, minSamples, window }: NonNullable<Check['agreement']>,
  context: CheckContext,
): CheckResult {
  const counted = increase(COPIED, context, windowStart(window, context));
  const samples = counted.totals.get('compared') ?? 0;
  const agreed = Math.min(samples, counted.totals.get('agreed') ?? 0);
  return judgeShare(
    { bad: samples - agreed, samples, most: 1 - min, minSamples, window, counted, context },
    {
      name: 'agreement',
      value: percentText(samples === 0 ? 0 : agreed / samples),
      limit: `at least ${percentText(min)}`,
      what: 'compared copies',
      found: `Both revisions answered ${agreed} of ${samples} copies alike in the last ${window}`,
    },
  );
}

interface Share {
  readonly bad: number;
  readonly samples: number;
  /** Greatest share that may be bad. */
  readonly most: number;
  readonly minSamples: number;
  readonly window: string;
  readonly counted: Increase;
  readonly context: CheckContext;
}

interface Words {
  readonly name: string;
  readonly value: string;
  readonly limit: string;
  readonly what: string;
  readonly found: string;
}

/** So that 0.02 * 50, which is not quite 1 in binary, stays 1. */
const ROUNDING = 1e-9;

function judgeShare(share: Share, { name, value, limit, what, found }: Words): CheckResult {
  const { bad, samples, most, minSamples, window, counted, context } = share;
  const shown = { name, limit, samples, ...(samples === 0 ? {} : { value }) };
  // More are bad than minSamples could make up for: what is still to come cannot mend it.
  if (bad > most * Math.max(samples, minSamples) + ROUNDING) {
    return { ...shown, state: 'fail', message: `${found}: ${value}, ${limit} is allowed.` };
  }
  const silence = unread(counted, context);
  if (silence !== undefined) return { ...shown, state: 'wait', message: silence };
  if (samples < minSamples) {
    return { ...shown, state: 'wait', message: tooFew(samples, minSamples, what, window) };
  }
  return { ...shown, state: 'pass', message: `${found}: ${value}, ${limit} is allowed.` };
}

export function tooFew(samples: number, minSamples: number, what: string, window: string): string {
  return `${samples} of at least ${minSamples} ${what} in the last ${window}. More traffic, a greater weight, a longer window or a smaller minSamples ends the wait.`;
}

/** ` (3 timeout, 1 reset)`: the names are a pod's, so only those that look like ours are shown. */
function kindsOf({ failures }: Tally): string {
  const kinds = [...failures]
    .filter(([kind, count]) => count > 0 && /^[a-z_]{1,24}$/.test(kind))
    .sort(([, a], [, b]) => b - a)
    .slice(0, 4);
  return kinds.length === 0
    ? ''
    : ` (${kinds.map(([kind, count]) => `${numberText(count)} ${kind}`).join(', ')})`;
}
