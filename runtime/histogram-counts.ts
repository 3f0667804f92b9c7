import type { ReportedHistogram } from '#contract/pod-report.ts';

/** Counts values by the first bound that they do not pass; what passes all of them, NaN too, comes last. */
export class HistogramCounts {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;

  /** `bounds`: upper limits, rising. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  add(value: number): void {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= (this.#bounds[middle] as number)) high = middle;
      else low = middle + 1;
    }
    this.#counts[low] = (this.#counts[low] as number) + 1;
  }

  report(): ReportedHistogram {
    return { bounds: [...this.#bounds], counts: [...this.#counts] };
  }
}
