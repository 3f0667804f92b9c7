import type { Check } from '#operator/api/rollout-settings.ts';
import type { CheckResult } from './check-result.ts';
import type { CheckContext } from './checks-context.ts';
import { lookBack, unread } from './checks-pods.ts';
import { demand, numberText, percentText } from './checks-text.ts';
import { COPIED, FORWARDED, increase, SERVED, sum } from './windows.ts';
import type { Increase, Tally } from './windows.ts';

/** The share of requests that the candidate failed; while it is shadowed, of copies. */
export function judgeErrorRate(
  { max, minSamples, window }: NonNullable<Check['errorRate']>,
  context: CheckContext,
): CheckResult {
  const counter = { Shadow: COPIED, Step: FORWARDED, Baking: SERVED }[context.phase];
  const what = context.phase === 'Shadow' ? 'copies' : 'requests';
  return judgeShare(
    {
      count: (from) => {
        const counted = increase(counter, context, from);
        const bad = sum(counted.failures.values());
        const { totals } = counted;
        const all =
          context.phase === 'Shadow' ? (totals.get('compared') ?? 0) + bad : (totals.get('requests') ?? 0);
        return { counted, bad, samples: Math.max(bad, all) };
      },
      words: ({ counted, bad, samples }) => ({
        value: percentText(samples === 0 ? 0 : bad / samples),
        found: `The candidate failed ${bad} of ${samples} ${what}${kindsOf(counted)}`,
      }),
      name: 'errorRate',
      limit: `at most ${percentText(max)}`,
      what,
      most: max,
    },
    { minSamples, window },
    context,
  );
}

/** The share of shadow copies that both revisions answered alike. */
export function judgeAgreement(
  { min, minSamples, window }: NonNullable<Check['agreement']>,
  context: CheckContext,
): CheckResult {
  return judgeShare(
    {
      count: (from) => {
        const counted = increase(COPIED, context, from);
        const samples = counted.totals.get('compared') ?? 0;
        return { counted, samples, bad: samples - Math.min(samples, counted.totals.get('agreed') ?? 0) };
      },
      words: ({ bad, samples }) => ({
        value: percentText(samples === 0 ? 0 : (samples - bad) / samples),
        found: `Both revisions answered ${samples - bad} of ${samples} copies alike`,
      }),
      name: 'agreement',
      limit: `at least ${percentText(min)}`,
      what: 'compared copies',
      most: 1 - min,
    },
    { minSamples, window },
    context,
  );
}

interface Counted {
  readonly counted: Increase;
  readonly bad: number;
  readonly samples: number;
}

interface Share {
  readonly count: (from: number) => Counted;
  readonly words: (counted: Counted) => { readonly value: string; readonly found: string };
  readonly name: string;
  readonly limit: string;
  readonly what: string;
  /** Greatest share that may be bad. */
  readonly most: number;
}

/** So that 0.02 * 50, which is not quite 1 in binary, stays 1. */
const ROUNDING = 1e-9;

function judgeShare(
  { count, words, name, limit, what, most }: Share,
  { minSamples, window }: { readonly minSamples: number; readonly window: string },
  context: CheckContext,
): CheckResult {
  // More are bad than minSamples could make up for: what is still to come cannot mend it.
  const isBad = ({ bad, samples }: Counted): boolean => bad > most * Math.max(samples, minSamples) + ROUNDING;
  const isEnough = (found: Counted): boolean => found.samples >= minSamples || isBad(found);
  const { found, span } = lookBack(window, context, count, isEnough);
  const { value, found: sentence } = words(found);
  const { samples, counted } = found;
  const shown = { name, limit, samples, ...(samples === 0 ? {} : { value }) };
  const message = `${sentence} ${span}: ${value}, ${demand(limit)}.`;
  if (isBad(found)) return { ...shown, state: 'fail', message };
  const silence = unread(counted, context);
  if (silence !== undefined) return { ...shown, state: 'wait', message: silence };
  if (samples < minSamples) {
    return { ...shown, state: 'wait', message: tooFew(samples, minSamples, what, span) };
  }
  return { ...shown, state: 'pass', message };
}

export function tooFew(samples: number, minSamples: number, what: string, span: string): string {
  return `${samples} of at least ${minSamples} ${what} ${span}. More traffic, a greater weight or a smaller minSamples ends the wait.`;
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
