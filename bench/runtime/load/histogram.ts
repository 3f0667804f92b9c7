/** Buckets per doubling: a quantile is right within about one percent. */
const PER_OCTAVE = 64;
const BUCKETS = PER_OCTAVE * 32;

/** Counts latencies, from 1 us up, in so little memory that a run may last for hours. */
export class Histogram {
  readonly #buckets = new Float64Array(BUCKETS);
  #count = 0;
  #max = 0;

  add(microseconds: number): void {
    const bucket = Math.floor(Math.log2(Math.max(1, microseconds)) * PER_OCTAVE);
    const index = Math.min(BUCKETS - 1, bucket);
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    this.#count++;
    if (microseconds > this.#max) this.#max = microseconds;
  }

  get count(): number {
    return this.#count;
  }

  /** Milliseconds; NaN where nothing was counted. */
  quantile(share: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = share * this.#count;
    let seen = 0;
    for (let index = 0; index < BUCKETS; index++) {
      seen += this.#buckets[index] ?? 0;
      if (seen >= rank) return Math.min(2 ** ((index + 0.5) / PER_OCTAVE), this.#max) / 1000;
    }
    return this.#max / 1000;
  }

  get maxMs(): number {
    return this.#max / 1000;
  }
}
