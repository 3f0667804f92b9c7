import type { ReportedSide } from '#contract/pod-report.ts';
import { HistogramCounts } from '#runtime/histogram-counts.ts';
import type { CountedPrediction, PredictionCounts } from '#runtime/prediction-counts.ts';

/** Fine enough to compare two revisions' quantiles: six limits for each power of ten. */
export const SIDE_BOUNDS: readonly number[] = [
  ...[-4, -3, -2, -1, 0].flatMap((power) =>
    [1, 1.5, 2, 3, 5, 7].map((digit) => Number((digit * 10 ** power).toPrecision(2))),
  ),
  10,
  30,
  60,
];

/** How one request of a side ended. */
export interface Ended {
  /** Until the whole answer, or until it was given up; undefined where it was never asked. */
  readonly seconds: number | undefined;
  readonly failure: string | undefined;
  readonly predictions: readonly CountedPrediction[];
}

/** What one revision was asked to answer, and how it did. */
export class SideCounts {
  readonly #empty: () => PredictionCounts;
  readonly #failures = new Map<string, number>();
  readonly #latency = new HistogramCounts(SIDE_BOUNDS);
  #requests = 0;
  /** Made at the first answer: before, no model may be loaded that says which bins there are. */
  #predictions: PredictionCounts | undefined;

  constructor(empty: () => PredictionCounts) {
    this.#empty = empty;
  }

  ended({ seconds, failure, predictions }: Ended): void {
    this.#requests++;
    if (seconds !== undefined) this.#latency.add(seconds);
    if (failure !== undefined) this.#failures.set(failure, (this.#failures.get(failure) ?? 0) + 1);
    if (predictions.length > 0) (this.#predictions ??= this.#empty()).add(predictions);
  }

  report(): ReportedSide {
    return {
      requests: this.#requests,
      failures: Object.fromEntries(this.#failures),
      latency: this.#latency.report(),
      predictions: this.#predictions?.byBin() ?? {},
    };
  }
}
