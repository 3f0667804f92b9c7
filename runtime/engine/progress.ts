import { CallerGone, type Job } from './job.ts';
import type { Tensor } from './tensor.ts';

/** Answers of rows [from, from + count) of a request: rows [at, at + count) of a run of `total`. */
export interface Answers {
  readonly outputs: readonly Tensor[];
  readonly at: number;
  readonly from: number;
  readonly count: number;
  readonly total: number;
}

/** How far a request has come. Its rows may finish out of order on several threads; it is given them in order. */
export class Progress {
  readonly job: Job;
  readonly key: string;
  readonly rows: number;
  /** Rows that are planned into a run, or through it. */
  done = 0;
  readonly #ended: () => void;
  readonly #gone: () => boolean;
  readonly #early: Answers[] = [];
  #taken = 0;
  #failed = false;

  /** Requests of one `key` may run together. */
  constructor(job: Job, ended: () => void, gone: () => boolean, key: string) {
    this.job = job;
    this.key = key;
    this.rows = job.rows;
    this.#ended = ended;
    this.#gone = gone;
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** Whether there are still rows to run for somebody: a caller who has gone fails here. */
  awaited(): boolean {
    if (!this.#failed && this.#gone()) this.fail(new CallerGone());
    return !this.#failed;
  }

  take(answers: Answers): void {
    if (this.#failed) return;
    if (answers.from !== this.#taken) {
      this.#early.push(answers);
      return;
    }
    try {
      for (let next: Answers | undefined = answers; next !== undefined; next = this.#following()) {
        const { outputs, at, from, count, total } = next;
        this.job.take(outputs, at, from, count, total);
        this.#taken += count;
      }
      if (this.#taken < this.rows) return;
      this.job.done();
    } catch (error) {
      return this.fail(error);
    }
    this.#ended();
  }

  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#early.length = 0;
    this.#ended();
    this.job.fail(error);
  }

  #following(): Answers | undefined {
    const index = this.#early.findIndex(({ from }) => from === this.#taken);
    return index < 0 ? undefined : this.#early.splice(index, 1)[0];
  }
}
