import type { Check } from '#operator/api/rollout-settings.ts';
import type { CheckResult } from './check-result.ts';
import type { CheckContext } from './checks-context.ts';
import { lookBack, unread } from './checks-pods.ts';
import { tooFew } from './checks-rates.ts';
import { numberText } from './checks-text.ts';
import { shiftBetween } from './psi.ts';
import { FORWARDED, increase, STABLE, sum } from './windows.ts';

/** Whether the candidate predicts another mix than the stable revision does meanwhile. */
export function judgePredictionShift(
  { maxPsi, minSamples, window }: NonNullable<Check['predictionShift']>,
  context: CheckContext,
): CheckResult {
  const { found: seen, span } = lookBack(
    window,
    context,
    (from) => {
      const [candidate, stable] = [increase(FORWARDED, context, from), increase(STABLE, context, from)];
      const [samples, others] = [sum(candidate.predictions.values()), sum(stable.predictions.values())];
      return { candidate, stable, samples, others };
    },
    ({ samples, others }) => Math.min(samples, others) >= minSamples,
  );
  const { candidate, stable, samples, others } = seen;
  const limit = `PSI at most ${numberText(maxPsi)}`;
  const shown = { name: 'predictionShift', limit, samples };
  const silence = unread(candidate, context);
  if (silence !== undefined) return { ...shown, state: 'wait', message: silence };
  const few = [
    ...(samples < minSamples ? [`The candidate: ${tooFew(samples, minSamples, 'predictions', span)}`] : []),
    ...(others < minSamples
      ? [`The stable revision: ${tooFew(others, minSamples, 'predictions', span)}`]
      : []),
  ];
  if (few[0] !== undefined) return { ...shown, state: 'wait', message: few[0] };
  const { psi, chance, bins } = shiftBetween(stable.predictions, candidate.predictions);
  const value = `PSI ${numberText(psi)}`;
  const found = `${value} between ${samples} predictions of the candidate and ${others} of the stable revision ${span}, in ${bins} bins; at most ${numberText(maxPsi)} is allowed`;
  if (psi <= maxPsi) return { ...shown, value, state: 'pass', message: `${found}.` };
  if (psi <= chance) {
    const message = `${found}, and up to ${numberText(chance)} may be chance with so few: more predictions will tell.`;
    return { ...shown, value, state: 'wait', message };
  }
  return { ...shown, value, state: 'fail', message: `The candidate predicts another mix. ${found}.` };
}
