/** A slot of a window holds this share of it: what leaves the window leaves it in steps of so much. */
const MOST_SLOTS = 60;
const FEWEST_SLOTS = 6;
/** Slots are fewer where so many counters would need more memory. */
const SLOT_BYTES = 8 * 1024 * 1024;

export interface WindowOptions {
  readonly counters: number;
  readonly windowMs: number;
  /** 60 when absent; fewer where there are many counters. */
  readonly slots?: number;
  /** A clock that never goes back, in ms. */
  readonly now: () => number;
}

/**
 * Counters over a sliding window: a ring of slots, the newest of which is counted into. The window holds the time asked
 * for and up to one slot more.
 */
export class CountWindow {
  readonly #now: () => number;
  readonly #slotMs: number;
  readonly #slots: readonly Uint32Array[];
  /** What the older slots hold together, and what all slots ever held but the newest. */
  readonly #older: Float64Array;
  readonly #before: Float64Array;
  readonly #startMs: number;
  #newest = 0;
  /** Which slot since the start the newest one is. */
  #tick = 0;

  constructor({ counters, windowMs, now, slots: most = MOST_SLOTS }: WindowOptions) {
    const slots = Math.min(
      most,
      Math.max(FEWEST_SLOTS, Math.floor(SLOT_BYTES / (4 * Math.max(1, counters)))),
    );
    this.#now = now;
    this.#startMs = now();
    this.#slotMs = windowMs / slots;
    this.#slots = Array.from({ length: slots + 1 }, () => new Uint32Array(counters));
    this.#older = new Float64Array(counters);
    this.#before = new Float64Array(counters);
  }

  /** The counters to raise now; they must not be kept. */
  current(): Uint32Array {
    const tick = Math.floor((this.#now() - this.#startMs) / this.#slotMs);
    if (tick > this.#tick) this.#advance(tick);
    return this.#slots[this.#newest] as Uint32Array;
  }

  /** Memory of the counters. */
  get bytes(): number {
    return this.#older.length * (this.#slots.length * 4 + 16);
  }

  /** What the window holds. */
  counts(): Float64Array {
    return added(this.#older, this.current());
  }

  /** What was counted since the start. */
  total(): Float64Array {
    return added(this.#before, this.current());
  }

  /** For how long it has counted, in ms. */
  sinceStartMs(): number {
    return this.#now() - this.#startMs;
  }

  /** How far back the window reaches, in ms. */
  ageMs(): number {
    this.current();
    const oldest = Math.max(0, this.#tick - this.#slots.length + 1);
    return this.#now() - this.#startMs - oldest * this.#slotMs;
  }

  #advance(tick: number): void {
    const closing = this.#slots[this.#newest] as Uint32Array;
    for (let i = 0; i < closing.length; i++) {
      const count = closing[i] as number;
      this.#older[i] = (this.#older[i] as number) + count;
      this.#before[i] = (this.#before[i] as number) + count;
    }
    // After an idle time each slot that was skipped is emptied once.
    for (let step = Math.min(tick - this.#tick, this.#slots.length); step > 0; step--) this.#openSlot();
    this.#tick = tick;
  }

  #openSlot(): void {
    this.#newest = (this.#newest + 1) % this.#slots.length;
    const slot = this.#slots[this.#newest] as Uint32Array;
    for (let i = 0; i < slot.length; i++) this.#older[i] = (this.#older[i] as number) - (slot[i] as number);
    slot.fill(0);
  }
}

function added(a: Float64Array, b: Uint32Array): Float64Array {
  return a.map((count, index) => count + (b[index] as number));
}
