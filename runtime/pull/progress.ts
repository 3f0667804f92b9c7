import type { Logger } from '#runtime/log.ts';

/** Counts bytes as they come, and says every few seconds how far the pull is. */
export class Progress {
  readonly #log: Pick<Logger, 'info'>;
  readonly #total: number;
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #bySource = new Map<string, number>();
  #done = 0;
  #received = 0;
  #lastReceived = 0;
  #lastAt = this.#started;

  constructor(log: Pick<Logger, 'info'>, totalBytes: number, intervalMs = 3_000) {
    this.#log = log;
    this.#total = totalBytes;
    this.#timer = setInterval(() => this.#report(), intervalMs);
  }

  /** Bytes that came over the network. */
  received(bytes: number, source: string): void {
    this.#received += bytes;
    this.#done += bytes;
    this.#bySource.set(source, (this.#bySource.get(source) ?? 0) + bytes);
  }

  /** Bytes that were there already. */
  present(bytes: number): void {
    this.#done += bytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** For the last line of the log. */
  summary(): Readonly<Record<string, unknown>> {
    const seconds = (performance.now() - this.#started) / 1000;
    return {
      bytes: this.#total,
      seconds: round(seconds),
      megabytesPerSecond: round(this.#received / 1e6 / seconds),
      sources: Object.fromEntries(this.#bySource),
    };
  }

  #report(): void {
    const now = performance.now();
    const speed = (this.#received - this.#lastReceived) / 1000 / (now - this.#lastAt);
    this.#lastReceived = this.#received;
    this.#lastAt = now;
    const percent = this.#total === 0 ? 100 : Math.min(100, Math.floor((100 * this.#done) / this.#total));
    this.#log.info(
      { percent, bytes: this.#done, of: this.#total, megabytesPerSecond: round(speed) },
      `pulling: ${percent} %`,
    );
  }
}

const round = (value: number): number => Math.round(value * 10) / 10;
