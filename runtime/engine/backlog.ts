/** What a run of one more row is expected to cost before any was seen; in milliseconds. */
export interface ExpectedCost {
  /** From the probe at start; undefined where nothing could be timed. */
  readonly msPerRow: number | undefined;
  /** Rows of a full run. */
  readonly cap: number;
  /** Runs that go on at the same time. */
  readonly lanes: number;
}

/** How much a new measurement weighs against what was known. */
const WEIGHT = 0.1;

/** Rows that wait or run, and how long a row that comes now has to wait for them. */
export class Backlog {
  readonly #lanes: number;
  readonly #cap: number;
  #msPerRow: number;
  #rows = 0;
  #jobs = 0;
  #busyMs = 0;

  constructor({ msPerRow, cap, lanes }: ExpectedCost) {
    this.#lanes = lanes;
    this.#cap = cap;
    this.#msPerRow = msPerRow ?? 0;
  }

  /** Rows that wait or run now. */
  get rows(): number {
    return this.#rows;
  }

  /** Requests that they belong to. */
  get jobs(): number {
    return this.#jobs;
  }

  /** Time that runs have taken so far, over all lanes. */
  get busyMs(): number {
    return this.#busyMs;
  }

  get lanes(): number {
    return this.#lanes;
  }

  /** An estimate: what is ahead, at the pace of full runs. */
  get waitMs(): number {
    return (this.#rows * this.#msPerRow) / this.#lanes;
  }

  /** What a full run takes. */
  get runMs(): number {
    return this.#cap * this.#msPerRow;
  }

  add(rows: number): void {
    this.#rows += rows;
    this.#jobs++;
  }

  remove(rows: number): void {
    this.#rows -= rows;
    this.#jobs--;
  }

  /**
   * A run has ended. Runs of few rows cost more for each than full ones, and say little about the pace under load: they
   * only correct downwards.
   */
  ran(rows: number, ms: number): void {
    this.#busyMs += ms;
    const measured = ms / Math.max(rows, 1);
    if (rows * 2 > this.#cap || measured < this.#msPerRow || this.#msPerRow === 0) {
      this.#msPerRow += (measured - this.#msPerRow) * (this.#msPerRow === 0 ? 1 : WEIGHT);
    }
  }
}
