import type { Samples } from './plan.ts';

/** A request that has ended; `failure` is empty for a right answer. */
export interface Ended {
  /** performance.now() when it was sent. */
  readonly startedMs: number;
  readonly failure: string;
  readonly revision: string;
  readonly fresh: boolean;
}

/** Causes beyond so many different ones are counted as one. */
const MOST_CAUSES = 200;

/** Keeps what became of each request, one number a list. */
export class Tally {
  readonly #sentAt: number[] = [];
  readonly #latencyMs: number[] = [];
  readonly #revision: number[] = [];
  readonly #failure: number[] = [];
  readonly #fresh: number[] = [];
  readonly #lags: number[] = [];
  readonly #revisions = new Names([]);
  readonly #failures = new Names(['']);

  sent(lagMs: number): void {
    this.#lags.push(lagMs);
  }

  ended({ startedMs, failure, revision, fresh }: Ended): void {
    this.#sentAt.push(performance.timeOrigin + startedMs);
    this.#latencyMs.push(performance.now() - startedMs);
    this.#revision.push(this.#revisions.indexOf(revision));
    this.#failure.push(this.#failures.indexOf(failure));
    this.#fresh.push(fresh ? 1 : 0);
  }

  samples(cpuShare: number): Samples {
    const lags = this.#lags.toSorted((a, b) => a - b);
    const lag = (q: number): number => lags[Math.min(lags.length - 1, Math.floor(q * lags.length))] ?? 0;
    return {
      sentAt: Float64Array.from(this.#sentAt),
      latencyMs: Float32Array.from(this.#latencyMs),
      revision: Uint16Array.from(this.#revision),
      failure: Uint16Array.from(this.#failure),
      fresh: Uint8Array.from(this.#fresh),
      revisions: this.#revisions.all,
      failures: this.#failures.all,
      sent: lags.length,
      lagMs: { p50: lag(0.5), p99: lag(0.99), max: lag(1) },
      cpuShare,
    };
  }
}

class Names {
  readonly all: string[];

  constructor(first: readonly string[]) {
    this.all = [...first];
  }

  indexOf(name: string): number {
    const known = this.all.indexOf(name);
    if (known >= 0) return known;
    if (this.all.length >= MOST_CAUSES) return this.all.length - 1;
    return this.all.push(name) - 1;
  }
}
