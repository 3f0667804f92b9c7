import { performance } from 'node:perf_hooks';

export interface Turn {
  /** Since the first request of this turn of the event loop was read; the share of refused ones left out. */
  readonly turnMs: number;
  /** How long the turn before took, likewise; 0 where the event loop was idle in between. */
  readonly turnBeforeMs: number;
  /** Requests that were read in this turn, and in the one before where nothing was idle in between. */
  readonly requests: number;
}

/** A poll that finds something at once counts as so much idling at most. */
const IDLE_MS = 0.1;

/**
 * How long requests may have waited in their sockets. Nobody sees them arrive there; but what is read in one turn of
 * the event loop has come since the turn before, however long that one took.
 */
export class TurnClock {
  #inTurn = false;
  #start = 0;
  #idle = 0;
  #turnBeforeMs = 0;
  #requests = 0;
  #requestsBefore = 0;
  #refused = 0;

  /** A request is read, at `now` of performance.now(). */
  enter(now: number): Turn {
    if (!this.#inTurn) this.#begin(now);
    const turnMs = this.#admittedShare * (now - this.#start);
    this.#requests++;
    return {
      turnMs,
      turnBeforeMs: this.#turnBeforeMs,
      requests: this.#requests + this.#requestsBefore,
    };
  }

  /**
   * The request that was read last is refused. Refusing takes time too, but if it counted as waiting, a server that
   * refuses thousands would refuse everybody, and go on because it does.
   */
  refused(): void {
    this.#refused++;
  }

  get #admittedShare(): number {
    return this.#requests === 0 ? 1 : 1 - this.#refused / this.#requests;
  }

  #begin(now: number): void {
    this.#inTurn = true;
    const idle = performance.nodeTiming.idleTime;
    // Where the event loop has waited for something to happen, nothing had been waiting for it.
    const idled = idle - this.#idle >= IDLE_MS;
    this.#turnBeforeMs = idled ? 0 : this.#admittedShare * (now - this.#start);
    this.#requestsBefore = idled ? 0 : this.#requests;
    this.#requests = 0;
    this.#refused = 0;
    this.#start = now;
    this.#idle = idle;
    setImmediate(() => {
      this.#inTurn = false;
    });
  }
}
