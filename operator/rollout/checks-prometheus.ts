import type { Check } from '#operator/api/rollout-settings.ts';
import type { CheckResult } from './check-result.ts';
import type { CheckContext } from './checks-context.ts';
import { boundsText, clipped, demand, numberText } from './checks-text.ts';
import { STALE_QUERY_MS } from './defaults.ts';
import { filledIn } from './queries.ts';

/** What a query's last reading says; whatever is wrong with it neither passes nor fails. */
export function judgePrometheus(
  { name, query, max, min }: NonNullable<Check['prometheus']>,
  context: CheckContext,
): CheckResult | undefined {
  const text = filledIn(query, context);
  if (text === undefined) return undefined;
  const limit = boundsText({ min, max });
  const shown = { name: `prometheus ${name ?? clipped(query.replace(/\s+/g, ' '), 48)}`, limit };
  const waits = (message: string): CheckResult => ({ ...shown, state: 'wait', message });
  const reading = context.monitoring.queries.get(text);
  const { now, since } = context;
  if (reading === undefined || reading.at < since || reading.at > now) {
    return waits('Prometheus has not been asked yet since this step began.');
  }
  if ('problem' in reading) return waits(`Prometheus gives no number: ${reading.problem}`);
  const age = now - reading.at;
  if (age > STALE_QUERY_MS) {
    return waits(
      `Prometheus was last read ${Math.round(age / 1000)} s ago; at most ${STALE_QUERY_MS / 1000} s count.`,
    );
  }
  const { value } = reading;
  if (!Number.isFinite(value)) return waits(`Prometheus gives no number: the query is ${numberText(value)}.`);
  const holds = (max === undefined || value <= max) && (min === undefined || value >= min);
  const message = `The query is ${numberText(value)}; ${demand(limit)}.`;
  return { ...shown, state: holds ? 'pass' : 'fail', value: numberText(value), message };
}
