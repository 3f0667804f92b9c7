export interface TurnsOptions {
  /** So many at once. */
  readonly slots: number;
  /** Sum of the pixels of all that run at once; one that is larger runs alone. */
  readonly pixels: number;
  /** A picture that would wait longer than this for its turn is refused. */
  readonly waitMs: number;
  readonly now?: () => number;
}

interface Waiting {
  readonly pixels: number;
  readonly start: () => void;
}

/** So few may wait whatever the mean says: a first slow picture shall not close the door. */
const ALWAYS_WAITING = 8;
/** What a picture costs beside its pixels, as pixels: about a millisecond. */
const OWN_COST = 50_000;
/** Before anything was decoded. */
const FIRST_MS_PER_PIXEL = 20e-6;
/** Weight of the newest duration in the mean. */
const NEWEST = 0.1;

/** Lets pictures be decoded in turn: the oldest first, bounded by cores and by memory; the newest is refused first. */
export class Turns {
  readonly #options: Required<TurnsOptions>;
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #pixels = 0;
  #msPerPixel = FIRST_MS_PER_PIXEL;

  constructor(options: TurnsOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  /** Whether pictures of so many pixels may wait, too. One request's are taken together or not at all. */
  hasRoom(pictures: readonly number[]): boolean {
    const waiting = this.#waiting.length;
    if (waiting === 0 || waiting + pictures.length <= ALWAYS_WAITING) return true;
    const { slots, waitMs } = this.#options;
    const cost = [...pictures, ...this.#waiting.map(({ pixels }) => pixels)].reduce(
      (sum, pixels) => sum + pixels + OWN_COST,
      0,
    );
    return (cost * this.#msPerPixel) / slots <= waitMs;
  }

  /** Runs `work` when its turn comes. */
  async take<T>(pixels: number, work: () => Promise<T>): Promise<T> {
    if (!this.#fits(pixels) || this.#waiting.length > 0) {
      await new Promise<void>((start) => this.#waiting.push({ pixels, start }));
    } else {
      this.#enter(pixels);
    }
    const started = this.#options.now();
    let whole = false;
    try {
      const result = await work();
      whole = true;
      return result;
    } finally {
      this.#learn((this.#options.now() - started) / (pixels + OWN_COST), whole);
      this.#leave(pixels);
    }
  }

  /** Work that failed may have failed at once, which says nothing of what pictures take. */
  #learn(msPerPixel: number, whole: boolean): void {
    if (!whole && msPerPixel < this.#msPerPixel) return;
    this.#msPerPixel += (msPerPixel - this.#msPerPixel) * NEWEST;
  }

  #fits(pixels: number): boolean {
    if (this.#running === 0) return true;
    return this.#running < this.#options.slots && this.#pixels + pixels <= this.#options.pixels;
  }

  #enter(pixels: number): void {
    this.#running++;
    this.#pixels += pixels;
  }

  #leave(pixels: number): void {
    this.#running--;
    this.#pixels -= pixels;
    for (
      let next = this.#waiting[0];
      next !== undefined && this.#fits(next.pixels);
      next = this.#waiting[0]
    ) {
      this.#waiting.shift();
      this.#enter(next.pixels);
      next.start();
    }
  }
}
