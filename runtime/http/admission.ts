/** What admission is decided from; times in milliseconds. */
export interface Load {
  /** How long the event loop has been reading requests in this turn, before it came to this one. */
  readonly turnMs: number;
  /** How long the turn before took: this request may have waited in its socket since. */
  readonly turnBeforeMs: number;
  /** What the rows that wait or run have still to take. */
  readonly backlogMs: number;
  /** What a full run takes. */
  readonly runMs: number;
  /** Requests that were read in this turn and the one before, or wait in the backlog, whichever are more. */
  readonly crowd: number;
}

export interface AdmissionOptions {
  /** Nobody waits longer than this for a run, or than a few runs where they are long. */
  readonly maxWaitMs: number;
}

/** A look at how the server did since the look before. */
export interface Period {
  /** Share of the time in which the event loop, or the busiest kind of thread, worked. */
  readonly utilization: number;
  /** Requests on their way at a time, for each connection that was used: near 1, clients only wait for answers. */
  readonly inFlightPerConnection: number;
  /** Connections that were used. */
  readonly connections: number;
  /** Latencies of the requests that were answered. */
  readonly latenciesMs: readonly number[];
}

/** Everybody's wait must be over the limit for so long before anybody is refused: a burst passes by itself. */
const STANDING_MS = 100;
/** Once requests are refused, short lulls do not end it. */
const MEMORY_MS = 5000;
/** Latencies are learned where the server is busy. How busy says little of overload: small batches fill its time too. */
const BUSY_FROM = 0.4;
/** Clients that send the next request as soon as they have an answer slow down by themselves: they teach nothing. */
const MOST_IN_FLIGHT = 0.3;
const FEWEST_CONNECTIONS = 32;
const FEWEST_SAMPLES = 100;
/** So few requests at once are no overload where the model is quick: only their runs count, and nothing learned. */
const CROWD = 128;
/** A request waits at most for this many times the 99th percentile of busy periods; its own run comes on top. */
const TIMES_P99 = 2;
const SHORTEST_LIMIT_MS = 5;
const FEW_RUNS = 4;
/** Of so many busy periods the middle one counts: a machine that stands still now and then has odd ones. */
const KEPT_PERIODS = 15;

/**
 * Decides who is refused under overload: the newest, by how long they would wait. What wait is too long is learned from
 * the latencies of busy periods, so that admitted requests stay near what they take then; until a server has seen such
 * a period, only `maxWaitMs` counts. Pure but for its memory: the caller brings the clock.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  /** 99th percentiles of the last busy periods. */
  readonly #busyP99sMs: number[] = [];
  #busyP99Ms: number | undefined;
  #overSince: number | undefined;
  #overAt = -Infinity;
  #refusing = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** A longer wait is refused once it stands. */
  limitMs({ runMs, crowd }: Pick<Load, 'runMs' | 'crowd'>): number {
    const longest = Math.max(this.#options.maxWaitMs, FEW_RUNS * runMs);
    if (this.#busyP99Ms === undefined || crowd <= CROWD) return longest;
    const learned = TIMES_P99 * this.#busyP99Ms;
    return Math.min(longest, Math.max(SHORTEST_LIMIT_MS, learned));
  }

  /** The estimated wait in milliseconds where it is too long; undefined where the request is admitted. */
  refuse(now: number, load: Load): number | undefined {
    // A long turn that few requests had a part in is the machine's, and refusing requests would not shorten it.
    const socketMs = load.crowd > CROWD ? load.turnBeforeMs + load.turnMs : 0;
    const waitMs = socketMs + load.backlogMs;
    if (waitMs <= this.limitMs(load)) {
      this.#overSince = undefined;
      if (now - this.#overAt > MEMORY_MS) this.#refusing = false;
      return undefined;
    }
    this.#overSince ??= now;
    this.#overAt = now;
    if (now - this.#overSince >= STANDING_MS) this.#refusing = true;
    return this.#refusing ? waitMs : undefined;
  }

  learn({ utilization, inFlightPerConnection, connections, latenciesMs }: Period): void {
    // What is admitted in overload takes as long as was allowed: it would allow twice that.
    if (utilization < BUSY_FROM || this.#refusing) return;
    if (inFlightPerConnection > MOST_IN_FLIGHT || connections < FEWEST_CONNECTIONS) return;
    if (latenciesMs.length < FEWEST_SAMPLES) return;
    const sorted = latenciesMs.toSorted((a, b) => a - b);
    this.#busyP99sMs.push(sorted[Math.floor(0.99 * sorted.length)] ?? 0);
    if (this.#busyP99sMs.length > KEPT_PERIODS) this.#busyP99sMs.shift();
    this.#busyP99Ms = middle(this.#busyP99sMs);
  }
}

function middle(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}
