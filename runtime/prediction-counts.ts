/** What the model declares, which bounds the labels and places the buckets. */
export interface PredictionScale {
  readonly kind: 'probability' | 'value';
  readonly outcomes: readonly string[];
  readonly buckets: readonly number[];
}

/** One row's prediction as a metric sees it. */
export interface CountedPrediction {
  readonly outcome: string;
  readonly value: number;
}

/** Outcomes that are told apart by name, and their characters: a report stays within what the operator reads of a pod. */
const MOST_OUTCOMES = 100;
const MOST_NAME = 40;
/** Of a classifier with few outcomes, each is divided into so many equal parts of the probability. */
const PARTS = [
  { outcomes: 4, parts: 20 },
  { outcomes: 16, parts: 5 },
];
/** The header between pods gives six digits: on a bin's limit, rounding must not move a value over it. */
const ROUNDING = 2e-6;

/** The bins of one model's predictions: the same for whoever predicts. */
export interface PredictionBins {
  readonly outcomes: readonly string[];
  readonly indexes: ReadonlyMap<string, number>;
  /** Bins of one outcome, the last of which is for what is no number. */
  readonly width: number;
  readonly binOf: (value: number) => number;
  /** Undefined where the outcome alone is told. */
  readonly texts: readonly string[] | undefined;
  readonly named: boolean;
}

export function predictionBins(scale: PredictionScale | undefined): PredictionBins {
  const { kind = 'probability', outcomes = [], buckets = [] } = scale ?? {};
  const indexes = new Map(outcomes.map((outcome, index) => [outcome, index]));
  if (kind === 'value') {
    const texts = [...rangeTexts(buckets), 'missing'];
    const binOf = (value: number): number => bucketOf(buckets, value);
    return { outcomes, indexes, width: texts.length, binOf, texts, named: false };
  }
  const parts = PARTS.find((rule) => outcomes.length <= rule.outcomes)?.parts ?? 1;
  const binOf = (value: number): number =>
    Number.isNaN(value) ? parts : Math.max(0, Math.min(parts - 1, Math.floor((value + ROUNDING) * parts)));
  const limit = (part: number): string => String(Math.round((part / parts) * 100) / 100);
  const ranges = Array.from({ length: parts }, (_, part) => `${limit(part)} to ${limit(part + 1)}`);
  const texts = parts === 1 ? undefined : [...ranges, 'missing'];
  return { outcomes, indexes, width: parts + 1, binOf, texts, named: true };
}

/** Bounds are upper ones, and in their bins. */
function bucketOf(bounds: readonly number[], value: number): number {
  if (Number.isNaN(value)) return bounds.length + 1;
  const least = value - Math.abs(value) * ROUNDING;
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (least <= (bounds[middle] ?? Infinity)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function rangeTexts(bounds: readonly number[]): readonly string[] {
  const first = bounds[0];
  if (first === undefined) return ['any'];
  const between = bounds.slice(1).map((to, index) => `${bounds[index]} to ${to}`);
  return [`up to ${first}`, ...between, `over ${bounds.at(-1)}`];
}

/** Counts predictions by outcome and bin: a lookup and an addition for each. */
export class PredictionCounts {
  readonly #bins: PredictionBins;
  /** For each outcome, and then for what is none of them, its bins. */
  readonly #cells: Float64Array;

  constructor(bins: PredictionBins) {
    this.#bins = bins;
    this.#cells = new Float64Array((bins.outcomes.length + 1) * bins.width);
  }

  add(predictions: readonly CountedPrediction[]): void {
    const { indexes, outcomes, width, binOf } = this.#bins;
    for (const { outcome, value } of predictions) {
      const known = Number.isNaN(value) ? undefined : indexes.get(outcome);
      const cell = (known ?? outcomes.length) * width + binOf(value);
      this.#cells[cell] = (this.#cells[cell] as number) + 1;
    }
  }

  /** How many predictions had each declared outcome, and `other` where some had none. */
  byOutcome(): ReadonlyMap<string, number> {
    const { outcomes, width } = this.#bins;
    const sum = (index: number): number =>
      this.#cells.subarray(index * width, (index + 1) * width).reduce((total, count) => total + count, 0);
    const other = sum(outcomes.length);
    return new Map([
      ...outcomes.map((outcome, index) => [outcome, sum(index)] as const),
      ...(other === 0 ? [] : [['other', other] as const]),
    ]);
  }

  /** Counts by bin, without the empty ones: `HIGH 0.85 to 0.9`, `Teal`, `350 to 521`. */
  byBin(): Readonly<Record<string, number>> {
    const { width, outcomes, texts, named } = this.#bins;
    const counts = new Map<string, number>();
    for (const [cell, count] of this.#cells.entries()) {
      if (count === 0) continue;
      const index = Math.floor(cell / width);
      const outcome = index < MOST_OUTCOMES ? (outcomes[index] ?? 'other') : 'other';
      const bin = texts?.[cell % width];
      const name = [
        ...(named ? [outcome.slice(0, MOST_NAME)] : []),
        ...(bin === undefined ? [] : [bin]),
      ].join(' ');
      counts.set(name, (counts.get(name) ?? 0) + count);
    }
    return Object.fromEntries(counts);
  }
}
