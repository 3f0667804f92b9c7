import type { CountedPrediction } from '#runtime/metrics.ts';

/**
 * Answer header between pods: the predictions of a forwarded request, which the pod that the client asked counts.
 * Base64 of {"outcomes": [...], "rows": [[index of the outcome, value], ...]}, values with six digits.
 */
export const PREDICTIONS_HEADER = 'x-windlass-predictions';

/** More of one request are not told: a header over a megabyte would fail the answer (pool.ts). */
const MOST_TOLD = 30_000;

export function encodePredictions(all: readonly CountedPrediction[]): string {
  const predictions = all.slice(0, MOST_TOLD);
  const outcomes = [...new Set(predictions.map(({ outcome }) => outcome))];
  const rows = predictions.map(({ outcome, value }) => [
    outcomes.indexOf(outcome),
    Number(value.toPrecision(6)),
  ]);
  return Buffer.from(JSON.stringify({ outcomes, rows })).toString('base64');
}

/** Nothing where the header is absent or not understood: the pod that sent it may be another release. */
export function decodePredictions(header: unknown): readonly CountedPrediction[] {
  if (typeof header !== 'string') return [];
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64').toString('utf8'));
    if (typeof value !== 'object' || value === null || !('outcomes' in value) || !('rows' in value))
      return [];
    const { outcomes, rows } = value;
    if (!Array.isArray(outcomes) || !Array.isArray(rows)) return [];
    return rows.flatMap((row: unknown) => {
      const [index, number]: unknown[] = Array.isArray(row) ? row : [];
      const outcome: unknown = typeof index === 'number' ? outcomes[index] : undefined;
      return typeof outcome === 'string' && typeof number === 'number' ? [{ outcome, value: number }] : [];
    });
  } catch {
    return [];
  }
}
