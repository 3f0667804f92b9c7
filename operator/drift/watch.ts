import { setTimeout as sleep } from 'node:timers/promises';
import { Turns } from '#operator/controller/index.ts';
import { Budget, type Holder } from '#operator/monitor/index.ts';
import type { PodDriftProbe } from './pod-drift-probe.ts';
import { gistOf, UNREAD, type DriftReading, type DriftRequest } from './reading.ts';
import { DriftSum } from './sum.ts';

export interface DriftWatchOptions {
  readonly probe: PodDriftProbe;
  /** Called when the reading of a ModelDeployment has something new to tell. */
  readonly onNews: (modelDeploymentUid: string) => void;
  /** Between two rounds at most; a short window is read more often. */
  readonly everyMs?: number;
  /** Milliseconds that never jump. */
  readonly monotonic?: () => number;
  /** Pods asked at the same time, of all ModelDeployments together. */
  readonly concurrency?: number;
  /** For the counts of all ModelDeployments together. */
  readonly maxBytes?: number;
}

const EVERY_MS = 30_000;
const MOST_OFTEN_MS = 500;
/** A window is read so many times. */
const READS = 20;
/** So many rounds without an answer of any pod are news. */
const SILENT_ROUNDS = 3;
const MAX_BYTES = 32 * 1024 * 1024;
const TOO_LARGE =
  'the counts of this and other ModelDeployments together are more than the operator keeps (32 MiB): give the model fewer features or categories in reference.json';

/** Reads pods' bins in the background, for as long as a ModelDeployment is followed. */
export class DriftWatch {
  readonly #options: Required<DriftWatchOptions>;
  readonly #followed = new Map<string, Followed>();
  readonly #turns: Turns;
  readonly #budget: Budget;

  constructor(options: DriftWatchOptions) {
    const { everyMs = EVERY_MS, concurrency = 16, maxBytes = MAX_BYTES } = options;
    const monotonic = options.monotonic ?? (() => performance.now());
    this.#options = { ...options, everyMs, concurrency, maxBytes, monotonic };
    this.#turns = new Turns(concurrency);
    this.#budget = new Budget(maxBytes);
  }

  /** Begins or changes; another revision or window begins anew. */
  follow(modelDeploymentUid: string, request: DriftRequest): void {
    const known = this.#followed.get(modelDeploymentUid);
    if (known?.continues(request) === true) {
      known.request = request;
      return;
    }
    this.forget(modelDeploymentUid);
    const followed = new Followed(request, this.#options.monotonic);
    this.#followed.set(modelDeploymentUid, followed);
    this.#budget.join(followed);
    void this.#run(modelDeploymentUid, followed);
  }

  forget(modelDeploymentUid: string): void {
    const followed = this.#followed.get(modelDeploymentUid);
    if (followed === undefined) return;
    followed.abort.abort();
    this.#budget.leave(followed);
    this.#followed.delete(modelDeploymentUid);
  }

  reading(modelDeploymentUid: string): DriftReading {
    return this.#followed.get(modelDeploymentUid)?.reading ?? UNREAD;
  }

  async #run(modelDeploymentUid: string, followed: Followed): Promise<void> {
    const { signal } = followed.abort;
    const { everyMs, onNews } = this.#options;
    while (!signal.aborted) {
      const counts = followed.counts((bytes) => this.#budget.hasRoom(bytes));
      const answers = counts ? await this.#ask(followed) : 0;
      if (signal.aborted) return;
      if (followed.roundEnded(answers)) onNews(modelDeploymentUid);
      const often = Math.max(MOST_OFTEN_MS, followed.request.windowMs / READS);
      await sleep(Math.min(everyMs, often), undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** All pods, as far as turns allow; how many answered. */
  async #ask(followed: Followed): Promise<number> {
    const { request, abort } = followed;
    const { signal } = abort;
    const asked = request.pods.map(async ({ uid, ip }) => {
      try {
        const report = await this.#turns.run(async () => {
          signal.throwIfAborted();
          return this.#options.probe(ip, signal);
        });
        if (signal.aborted) return false;
        followed.podAnswered(uid, report);
        this.#budget.enforce();
        return true;
      } catch (error) {
        followed.podFailed(error instanceof Error ? error.message : 'it failed');
        return false;
      }
    });
    return (await Promise.all(asked)).filter(Boolean).length;
  }
}

/** What of the budget is kept for the counts of one that came back before its pods answered, or what it lacks. */
type Room = { readonly is: 'kept' | 'missing'; readonly bytes: number };

/** One ModelDeployment that is followed, and what is known of its drift. */
class Followed implements Holder {
  request: DriftRequest;
  readonly abort = new AbortController();
  reading: DriftReading = UNREAD;
  #sum: DriftSum;
  #noReference: string | undefined;
  #why = 'no pod is ready';
  #silentRounds = 0;
  #leftOut = 0;
  #gist = gistOf(UNREAD);
  #room: Room = { is: 'kept', bytes: 0 };
  readonly #now: () => number;

  constructor(request: DriftRequest, now: () => number) {
    this.request = request;
    this.#now = now;
    this.#sum = new DriftSum(request.windowMs, now);
  }

  continues({ revision, windowMs }: DriftRequest): boolean {
    return this.request.revision === revision && this.request.windowMs === windowMs;
  }

  get bytes(): number {
    return this.#room.is === 'missing' ? 0 : Math.max(this.#room.bytes, this.#sum.bytes);
  }

  /** Counts cannot be fewer: one that has to give gives up, until there is room for all of its pods. */
  shrinkTo(): void {
    const { pods, unready } = this.request;
    const bytes = Math.max(this.#room.bytes, this.#sum.bytesFor(pods.length + unready.length));
    this.#room = { is: 'missing', bytes };
    this.#sum = new DriftSum(this.request.windowMs, this.#now);
  }

  /** Whether its pods are to be asked: one that gave up begins anew where there is room again. */
  counts(hasRoom: (bytes: number) => boolean): boolean {
    if (this.#room.is === 'missing' && hasRoom(this.#room.bytes)) {
      this.#room = { is: 'kept', bytes: this.#room.bytes };
      this.#sum = new DriftSum(this.request.windowMs, this.#now);
    }
    return this.#room.is === 'kept';
  }

  podAnswered(uid: string, report: Parameters<DriftSum['add']>[1]): void {
    if (this.#room.is === 'missing') return;
    this.#noReference =
      report.features.length === 0 ? (report.unavailable ?? 'it counts nothing') : undefined;
    this.#leftOut = report.leftOut;
    if (report.features.length > 0) this.#sum.add(uid, report);
  }

  podFailed(why: string): void {
    this.#why = why;
  }

  /** Whether there is something new to tell. */
  roundEnded(answers: number): boolean {
    const { pods, unready } = this.request;
    this.#sum.keepOnly(new Set([...pods.map(({ uid }) => uid), ...unready]));
    this.#silentRounds = answers > 0 ? 0 : this.#silentRounds + 1;
    this.reading = this.#read();
    const gist = gistOf(this.reading);
    const news = gist !== this.#gist;
    this.#gist = gist;
    return news;
  }

  #read(): DriftReading {
    const { revision } = this.request;
    if (this.#room.is === 'missing') return { is: 'unreachable', revision, why: TOO_LARGE };
    if (this.#silentRounds >= SILENT_ROUNDS) return { is: 'unreachable', revision, why: this.#why };
    if (this.#noReference !== undefined) return { is: 'noReference', revision, why: this.#noReference };
    if (!this.#sum.hasCounts) return UNREAD;
    const features = this.#sum.features(this.request);
    return { is: 'measured', revision, features, complete: this.#sum.complete, leftOut: this.#leftOut };
  }
}
