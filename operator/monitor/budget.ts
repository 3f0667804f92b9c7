/** Whoever keeps readings. */
export interface Holder {
  readonly bytes: number;
  /** To so many bytes, as far as what has to be kept allows. */
  shrinkTo(bytes: number): void;
}

/** Shrinking goes a little further than it must, so that it is not due again with the next reading. */
const AIM = 0.9;
/** Where all that is left has to be kept, shrinking is tried again once there is so much more. */
const SLACK = 0.05;

/** One limit for the memory of all that keep readings. Where it is exceeded, those with the most give. */
export class Budget {
  readonly #maxBytes: number;
  readonly #holders = new Set<Holder>();
  /** What the last shrinking left. */
  #left = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  join(holder: Holder): void {
    this.#holders.add(holder);
  }

  leave(holder: Holder): void {
    this.#holders.delete(holder);
  }

  get bytes(): number {
    let total = 0;
    for (const { bytes } of this.#holders) total += bytes;
    return total;
  }

  /** Whether so much more is clearly within the limit. */
  hasRoom(bytes: number): boolean {
    return this.bytes + bytes <= AIM * this.#maxBytes;
  }

  /** A holder has grown. */
  enforce(): void {
    const { bytes } = this;
    if (bytes <= this.#maxBytes) this.#left = 0;
    if (bytes <= Math.max(this.#maxBytes, this.#left + SLACK * this.#maxBytes)) return;
    const holders = [...this.#holders];
    const level = fairLevel(
      holders.map((holder) => holder.bytes),
      AIM * this.#maxBytes,
    );
    for (const holder of holders) if (holder.bytes > level) holder.shrinkTo(level);
    this.#left = this.bytes;
  }
}

/** The most that each may have so that all together have `total`: what one does not need is the others'. */
export function fairLevel(needs: readonly number[], total: number): number {
  let left = total;
  for (const [i, need] of needs.toSorted((a, b) => a - b).entries()) {
    const level = left / (needs.length - i);
    if (need > level) return level;
    left -= need;
  }
  return Infinity;
}
