import { createHash } from 'node:crypto';
import type { ReportedShadow } from '#contract/pod-report.ts';
import { HistogramCounts } from '#runtime/histogram-counts.ts';
import type { FailedOutcome } from './outcome.ts';

export const DIFFERENCE_BOUNDS: readonly number[] = [
  0, 1e-7, 1e-6, 1e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1,
];
const MOST_WORST = 10;

interface Worst {
  readonly hash: string;
  readonly difference: number;
  readonly at: number;
}

/** What came of the copies that one candidate was sent. */
export class ShadowCounts {
  readonly #differences = new HistogramCounts(DIFFERENCE_BOUNDS);
  readonly #failures = new Map<FailedOutcome, number>();
  /** Falling. */
  #worst: readonly Worst[] = [];
  #compared = 0;
  #agreed = 0;
  #dropped = 0;

  compared(difference: number, agreed: boolean, body: Buffer): void {
    this.#compared++;
    if (agreed) this.#agreed++;
    this.#differences.add(difference);
    const last = this.#worst.at(MOST_WORST - 1);
    if (difference === 0 || (last !== undefined && difference <= last.difference)) return;
    const hash = createHash('sha256').update(body).digest('hex');
    const worst = [...this.#worst, { hash, difference, at: Date.now() }];
    this.#worst = worst.toSorted((a, b) => order(b.difference, a.difference)).slice(0, MOST_WORST);
  }

  failed(outcome: FailedOutcome): void {
    this.#failures.set(outcome, (this.#failures.get(outcome) ?? 0) + 1);
  }

  dropped(): void {
    this.#dropped++;
  }

  report(): ReportedShadow {
    return {
      compared: this.#compared,
      agreed: this.#agreed,
      failures: Object.fromEntries(this.#failures),
      dropped: this.#dropped,
      differences: this.#differences.report(),
      // JSON has no infinity: answers that cannot be compared differ by the greatest number.
      worst: this.#worst.map(({ difference, ...rest }) => ({
        ...rest,
        difference: Math.min(difference, Number.MAX_VALUE),
      })),
    };
  }
}

/** Infinity less Infinity is no number. */
function order(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
