import type { PodReport } from '#contract/pod-report.ts';
import type { Monitoring, MonitoringRequest, QueryReading } from '#operator/rollout/readings.ts';
import type { QueryAnswer } from './prometheus.ts';
import type { Holder } from './budget.ts';
import { compact } from './compact.ts';
import { PodSamples } from './pod-samples.ts';
import type { Keeping } from './thinning.ts';

export interface Clocks {
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
  /** Nobody watched where no round came through for so long. */
  readonly gapMs: number;
}

/** What was read of one ModelDeployment. */
export class Readings implements Holder {
  readonly #clocks: Clocks;
  #request: MonitoringRequest;
  readonly #samples = new PodSamples();
  readonly #queries = new Map<string, QueryReading>();
  readonly #unreachable = new Map<string, string>();
  /** Since when every round came through, and when the last one did; both by the clock that does not jump. */
  #watched: { readonly from: number; readonly until: number } | undefined;
  /** Since when this key is asked for, by the clock that does not jump. */
  #followedFrom: number;
  #hasAnswer = false;
  #asked = false;

  constructor(request: MonitoringRequest, clocks: Clocks) {
    this.#request = request;
    this.#clocks = clocks;
    this.#followedFrom = clocks.monotonic();
  }

  use(request: MonitoringRequest): void {
    if (request.key !== this.#request.key) {
      this.#watched = undefined;
      this.#followedFrom = this.#clocks.monotonic();
    }
    this.#request = request;
    const pods = new Set(request.pods.map(({ uid }) => uid));
    for (const uid of this.#unreachable.keys()) if (!pods.has(uid)) this.#unreachable.delete(uid);
    for (const query of this.#queries.keys())
      if (!request.queries.includes(query)) this.#queries.delete(query);
  }

  lacks(query: string): boolean {
    return !this.#queries.has(query);
  }

  podAnswered(
    { uid, revision }: { readonly uid: string; readonly revision: string },
    report: PodReport,
  ): void {
    if (!this.#request.pods.some((pod) => pod.uid === uid)) return;
    const at = this.#clocks.clock();
    this.#unreachable.delete(uid);
    this.#hasAnswer = true;
    const before = this.#samples.newest(uid)?.report;
    this.#samples.add({ uid, revision, at, report: compact(report, before) }, this.#keeping());
  }

  /** What the readings of pods take of the memory. */
  get bytes(): number {
    return this.#samples.bytes;
  }

  shrinkTo(bytes: number): void {
    this.#samples.shrinkTo(bytes, this.#keeping());
  }

  podFailed(uid: string, why: string): void {
    if (this.#request.pods.some((pod) => pod.uid === uid)) this.#unreachable.set(uid, why);
  }

  queryAnswered(query: string, answer: QueryAnswer): void {
    if (!this.#request.queries.includes(query)) return;
    const at = this.#clocks.clock();
    this.#queries.set(
      query,
      answer.kind === 'value' ? { at, value: answer.value } : { at, problem: answer.problem },
    );
  }

  /** A round that began under this key has ended. It counts where a pod answered, or none was to be asked. */
  roundEnded(key: string): void {
    this.#samples.age(this.#keeping());
    this.#asked = true;
    const isGood = this.#hasAnswer || this.#request.pods.length === 0;
    this.#hasAnswer = false;
    if (!isGood || key !== this.#request.key) return;
    const now = this.#clocks.monotonic();
    const isGap = this.#watched === undefined || now - this.#watched.until > this.#clocks.gapMs;
    this.#watched = { from: isGap ? now : (this.#watched?.from ?? now), until: now };
  }

  monitoring(): Monitoring {
    return {
      samples: this.#samples.all(),
      queries: new Map(this.#queries),
      unreachable: new Map(this.#unreachable),
      asked: this.#asked,
      watchedMs: this.#watchedMs(),
      followedMs: Math.max(0, this.#clocks.monotonic() - this.#followedFrom),
    };
  }

  #keeping(): Keeping {
    return { now: this.#clocks.clock(), since: this.#request.since };
  }

  #watchedMs(): number {
    if (this.#watched === undefined) return 0;
    const now = this.#clocks.monotonic();
    return now - this.#watched.until > this.#clocks.gapMs ? 0 : Math.max(0, now - this.#watched.from);
  }
}
