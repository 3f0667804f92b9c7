import type { Samples } from './plan.ts';

/** A part of a recording: requests that were sent from `from` on and before `to` (milliseconds since 1970). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
}

const ALWAYS: Span = { from: -Infinity, to: Infinity };

/** What became of a load, to be asked about any part of it. */
export class Recording {
  readonly #samples: Samples;

  constructor(samples: Samples) {
    this.#samples = samples;
  }

  get sent(): number {
    return this.#samples.sent;
  }

  /** How late the load itself was, and what it cost. */
  get generator(): { readonly lagP99Ms: number; readonly cpuShare: number } {
    return { lagP99Ms: this.#samples.lagMs.p99, cpuShare: this.#samples.cpuShare };
  }

  /** Requests that got no right answer, by why. */
  failures(span: Span = ALWAYS): ReadonlyMap<string, number> {
    const { failure, failures } = this.#samples;
    const counts = new Map<string, number>();
    for (const index of this.#within(span)) {
      const cause = failures[failure[index] ?? 0] ?? '';
      if (cause !== '') counts.set(cause, (counts.get(cause) ?? 0) + 1);
    }
    return counts;
  }

  /** Of right answers; NaN where there is none. */
  latency(span: Span = ALWAYS): Latency {
    const { failure, latencyMs } = this.#samples;
    const right = this.#within(span).filter((index) => failure[index] === 0);
    const sorted = Float32Array.from(right, (index) => latencyMs[index] ?? Number.NaN).sort();
    const at = (q: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
    return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? Number.NaN, count: sorted.length };
  }

  /** The p99 of each second of a span, in order. */
  p99BySecond({ from, to }: Span): readonly number[] {
    const seconds = Math.floor((to - from) / 1000);
    return Array.from({ length: seconds }, (_, i) => {
      const begin = from + i * 1000;
      return this.latency({ from: begin, to: begin + 1000 }).p99;
    });
  }

  /** Answers by the revision that gave them. */
  revisions(span: Span = ALWAYS): ReadonlyMap<string, number> {
    const { failure, revision, revisions } = this.#samples;
    const counts = new Map<string, number>();
    for (const index of this.#within(span)) {
      if (failure[index] !== 0) continue;
      const name = revisions[revision[index] ?? 0] ?? '';
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }

  /** When the last answer of a revision came to a kept-alive connection; undefined where none did. */
  lastAnswerOf(name: string): number | undefined {
    const { sentAt, latencyMs, revision, revisions, fresh, failure } = this.#samples;
    const times = this.#within(ALWAYS)
      .filter((i) => fresh[i] === 0 && failure[i] === 0 && revisions[revision[i] ?? 0] === name)
      .map((i) => (sentAt[i] ?? 0) + (latencyMs[i] ?? 0));
    return times.length === 0 ? undefined : Math.max(...times.slice(-2000));
  }

  #within({ from, to }: Span): readonly number[] {
    const { sentAt } = this.#samples;
    const indices: number[] = [];
    sentAt.forEach((at, index) => {
      if (at >= from && at < to) indices.push(index);
    });
    return indices;
  }
}
