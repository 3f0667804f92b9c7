import type { ForwardOutcome } from './outcome.ts';

/** Leave to send one request; what becomes of it has to be told. */
export interface Permit {
  /** It is sent to see whether a target that rests answers again. */
  readonly probe: boolean;
}

const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 2000;
/** So many failures in a row, of these three kinds together, are borne; the next of this kind begins a rest. */
const BORNE: Readonly<Partial<Record<ForwardOutcome, number>>> = { connect: 0, timeout: 1, reset: 2 };

const SEND: Permit = { probe: false };
const PROBE: Permit = { probe: true };

/**
 * When a target is left alone: after it could not be reached, or kept requests waiting or broke them off, a few times in
 * a row. While it rests one request at a time asks whether it is back; an answer of any status says so. Each probe that
 * fails doubles the rest, up to two seconds.
 */
export class Rest {
  #failures = 0;
  #restMs = FIRST_REST_MS;
  /** By performance.now(); undefined while the target is asked as usual. */
  #until: number | undefined;
  #probing = false;

  /** undefined: the request is not sent. */
  begin(now: number): Permit | undefined {
    if (this.#until === undefined) return SEND;
    if (now < this.#until || this.#probing) return undefined;
    this.#probing = true;
    return PROBE;
  }

  ended({ probe }: Permit, outcome: ForwardOutcome, now: number): void {
    if (probe) this.#probing = false;
    const borne = BORNE[outcome];
    if (borne === undefined) {
      this.#failures = 0;
      this.#until = undefined;
      this.#restMs = FIRST_REST_MS;
    } else if (this.#until !== undefined) {
      // Requests from before the rest say nothing new.
      if (probe) this.#begin(now);
    } else if (++this.#failures > borne) {
      this.#begin(now);
    }
  }

  #begin(now: number): void {
    this.#until = now + this.#restMs;
    this.#restMs = Math.min(2 * this.#restMs, LONGEST_REST_MS);
  }
}
