import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import { DelayedKeys } from './delayed-keys.ts';

/** Hears what the queue does; for metrics. */
export interface QueueObserver {
  added?(): void;
  retried?(): void;
  /** A key left the queue after waiting so long, in seconds. */
  taken?(waitedSeconds: number): void;
  depth?(depth: number): void;
}

/** A finished retry's delay, by how often its key has failed in a row: exponential, with jitter. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

export interface QueueOptions {
  /**
   * A key that was just worked on is not given out again for so long: what changes in a burst is looked at once.
   * Absent: 0.
   */
  readonly restMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly observer?: QueueObserver;
}

/**
 * Keys that want work, first come first served. A key is in the queue once however often it is added, and is never given
 * out twice at a time: added while it is worked on, it comes again afterwards.
 */
export class WorkQueue {
  readonly #restMs: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #observer: QueueObserver;
  /** Insertion order is the order of service; the value is when the key came in. */
  readonly #ready = new Map<string, number>();
  readonly #active = new Set<string>();
  /** Added while active. */
  readonly #again = new Set<string>();
  readonly #delayed = new DelayedKeys();
  /** Until when a key rests, the longest rested first. */
  readonly #resting = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #waiting: ((key: string | undefined) => void)[] = [];
  #cancelTimer: (() => void) | undefined;
  #timerAt = Infinity;
  #closed = false;

  constructor(options: QueueOptions = {}) {
    this.#restMs = options.restMs ?? 0;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#observer = options.observer ?? {};
  }

  /** Keys that are ready to be worked on. */
  get depth(): number {
    return this.#ready.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#active.has(key)) {
      this.#delayed.remove(key);
      this.#again.add(key);
      return;
    }
    const restsUntil = this.#resting.get(key) ?? 0;
    if (restsUntil > this.#clock.now()) this.#appoint(key, restsUntil);
    else this.#enter(key);
  }

  /** Adds the key after `ms`; of several appointments the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    // It will be looked at before that anyway, and can make another appointment then.
    if (this.#ready.has(key) || this.#again.has(key)) return;
    this.#appoint(key, this.#clock.now() + ms);
  }

  /** Adds the key after its backoff, or after `atLeastMs` where that is longer. */
  retry(key: string, backoff: Backoff, atLeastMs = 0): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const full = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(failures, 30));
    const delay = Math.max(full / 2, atLeastMs) + (full / 2) * this.#random();
    this.#observer.retried?.();
    this.addAfter(key, delay);
  }

  /** How often the key has failed in a row. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key's work went well: its next failure begins with the shortest delay. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, for which `done` must be called; undefined once the queue is closed. */
  async next(): Promise<string | undefined> {
    if (this.#closed) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#handOut();
    });
  }

  done(key: string): void {
    this.#active.delete(key);
    this.#rest(key);
    if (this.#again.delete(key)) this.add(key);
  }

  #enter(key: string): void {
    // Work is about to begin: an appointment for later would only repeat it.
    this.#delayed.remove(key);
    if (this.#ready.has(key)) return;
    this.#observer.added?.();
    this.#ready.set(key, this.#clock.now());
    this.#handOut();
  }

  #appoint(key: string, dueAt: number): void {
    this.#delayed.add(key, dueAt);
    this.#setTimer();
  }

  #rest(key: string): void {
    if (this.#restMs === 0) return;
    const now = this.#clock.now();
    for (const [rested, until] of this.#resting) {
      if (until > now) break;
      this.#resting.delete(rested);
    }
    this.#resting.delete(key);
    this.#resting.set(key, now + this.#restMs);
  }

  /** Nothing comes out any more. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }

  #handOut(): void {
    while (this.#waiting.length > 0) {
      const first = this.#ready.entries().next().value;
      if (first === undefined) break;
      const [key, since] = first;
      this.#ready.delete(key);
      this.#active.add(key);
      this.#observer.taken?.((this.#clock.now() - since) / 1000);
      this.#waiting.shift()?.(key);
    }
    this.#observer.depth?.(this.#ready.size);
  }

  #setTimer(): void {
    const dueAt = this.#delayed.nextDueAt();
    if (dueAt === undefined || dueAt >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = dueAt;
    this.#cancelTimer = this.#clock.after(Math.max(0, dueAt - this.#clock.now()), () => {
      this.#timerAt = Infinity;
      for (const key of this.#delayed.takeDue(this.#clock.now())) this.add(key);
      this.#setTimer();
    });
  }
}
