import type { Manifest } from '#contract/model-manifest.ts';

/** A metric of model.json, held to a limit somewhat worse than the bundle's own value. */
export interface MetricCheck {
  readonly name: string;
  readonly value: number;
  /** Undefined where its name does not say which way is better. */
  readonly limit: { readonly kind: 'max' | 'min'; readonly value: number } | undefined;
}

/** A new model may be this much worse than the one that the manifest is made from. */
const MARGIN = 0.1;
const MOST = 4;

const LOWER =
  /(^|[_\-. ])(rmse|mse|mae|mape|smape|rmsle|msle|loss|logloss|brier|error|ece|wer|cer)($|[_\-. ])/;
const HIGHER =
  /(^|[_\-. ])(auc|auroc|auprc|prauc|ap|map|accuracy|acc|f1|fbeta|precision|recall|r2|mcc|kappa|iou|gini|ks)($|[_\-. ])/;
/** What training measured on its own data says nothing about new data. */
const OF_TRAINING = /(^|[_\-. ])(train|training)($|[_\-. ])/;

/** Metrics worth a check, those with a known direction first. */
export function metricChecks(manifest: Manifest | undefined): readonly MetricCheck[] {
  const all = Object.entries(manifest?.metrics ?? {})
    .filter(([name, value]) => Number.isFinite(value) && !OF_TRAINING.test(name.toLowerCase()))
    .map(([name, value]) => ({ name, value, limit: finite(limitOf(name.toLowerCase(), value)) }));
  return all.toSorted((a, b) => Number(b.limit !== undefined) - Number(a.limit !== undefined)).slice(0, MOST);
}

function limitOf(name: string, value: number): MetricCheck['limit'] {
  if (LOWER.test(name)) return { kind: 'max', value: rounded(value + Math.abs(value) * MARGIN, Math.ceil) };
  if (!HIGHER.test(name)) return undefined;
  // Of a share near 1, a tenth of what is missing would be nearly nothing, and a tenth of the whole very much.
  const slack = value > 0.5 && value <= 1 ? Math.max(0.02, (1 - value) * 0.25) : Math.abs(value) * MARGIN;
  return { kind: 'min', value: rounded(value - slack, Math.floor) };
}

/** A margin on the greatest numbers there are is no number any more. */
function finite(limit: MetricCheck['limit']): MetricCheck['limit'] {
  return limit !== undefined && Number.isFinite(limit.value) ? limit : undefined;
}

/** Three digits, rounded to the generous side: 0.842 and not 0.8421739. */
function rounded(value: number, round: (value: number) => number): number {
  if (value === 0) return 0;
  const scale = 10 ** (2 - Math.floor(Math.log10(Math.abs(value))));
  const result = Number((round(value * scale) / scale).toPrecision(3));
  return Number.isFinite(result) ? result : value; // next to the least number there is
}
