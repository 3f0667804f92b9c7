/** How long a run of so many rows takes, with one thread; in rising order of rows, from 1. */
export interface Timing {
  readonly rows: number;
  readonly ms: number;
}

/** Where a model's runs happen and how many rows they hold. */
export interface Placement {
  /**
   * inline: on the event loop, where a run is short, and a hop to another thread would cost more than it gives;
   * workers: on worker threads, in whole batches.
   */
  readonly kind: 'inline' | 'workers';
  /** Most rows that run together. */
  readonly cap: number;
  /** Most rows of one request that run together, where it has more than `cap`: larger runs do more per millisecond. */
  readonly own: number;
  /** For the log. */
  readonly why: string;
}

/** A run may hold the event loop this long. */
export const INLINE_MS = 1;
/** A run of one request's own rows may hold it this long: each run costs a forest the caches that the last one warmed. */
const INLINE_OWN_MS = 2;
/** A batch on a worker holds up the requests behind it this long, or twice a single row's time where that is longer. */
export const WORKER_MS = 50;
/** A batch this short is never too long: only a longer one has to do more per millisecond. */
const SHORT_MS = 10;
/** A smaller batch is taken where a larger one does less than this much more per millisecond. */
const WORTH_LARGER = 1.1;
/** Longer batches, which only a worker may run, must do this much more per millisecond to be worth the hop. */
const WORTH_HOP = 1.5;
/** What a batch on a worker costs beside its run: two messages between threads. */
const HOP_MS = 0.08;
/** A row's part of the event loop's own work (HTTP, JSON): with a core to spare, rows that cost more go elsewhere. */
const EVENT_LOOP_MS = 0.03;

/** What is known of a model that could not be timed. */
export function placeUntimed(why: string): Placement {
  return { kind: 'workers', cap: 1, own: 1, why };
}

/** Decides from timings (at least one) and the cores of the limit. More than `limit` rows never come together. */
export function placeModel(all: readonly Timing[], cores: number, limit: number): Placement {
  const timings = all.filter(({ rows }) => rows <= limit);
  const single = timings[0]?.ms ?? 0;
  const inline = bestWithin(timings, INLINE_MS, 0);
  const worker = bestWithin(timings, Math.max(WORKER_MS, 2 * single), HOP_MS);
  const onWorkers = {
    kind: 'workers',
    cap: worker.rows,
    own: Math.max(worker.rows, largestWithin(all, SHORT_MS).rows),
  } as const;
  const numbers = `1 row takes ${milliseconds(single)}, ${worker.rows} rows take ${milliseconds(worker.ms)}`;
  if (single > INLINE_MS) {
    return {
      ...onWorkers,
      why: `${numbers}: more than the ${INLINE_MS} ms that the event loop may be held`,
    };
  }
  const gain = rate(worker) / rate(inline);
  if (gain >= WORTH_HOP) {
    return {
      ...onWorkers,
      why: `${numbers}: ${gain.toFixed(1)} times the rows per millisecond of the ${inline.rows} that fit ${INLINE_MS} ms`,
    };
  }
  const rowMs = 1 / rate(worker);
  if (cores > 1 && rowMs >= EVENT_LOOP_MS) {
    return {
      ...onWorkers,
      why: `${numbers}: ${milliseconds(rowMs)} a row is more than the event loop's own part of a request, and the limit has ${cores} cores`,
    };
  }
  const cap = largestWithin(timings, INLINE_MS).rows;
  const own = Math.max(cap, largestWithin(all, INLINE_OWN_MS).rows);
  const most = own > cap ? `, of one request up to ${own},` : '';
  return {
    kind: 'inline',
    cap,
    own,
    why: `${numbers}: runs of up to ${cap} rows${most} stay on the event loop`,
  };
}

/** How several cores are used for runs. */
export interface Crew {
  readonly workers: number;
  readonly threads: number;
  readonly why: string;
}

/** Several workers are copies of the model: they must do this much more than the threads of one. */
const WORTH_COPIES = 1.1;

/**
 * One worker whose runs have a thread per core, or a worker per core; `apartRowsPerMs` is undefined where that many
 * copies of the model do not fit the memory limit.
 */
export function chooseCrew(cores: number, withinRowsPerMs: number, apartRowsPerMs: number | undefined): Crew {
  const within = withinRowsPerMs.toPrecision(3);
  if (apartRowsPerMs === undefined) {
    return {
      workers: 1,
      threads: cores,
      why: `${cores} threads within a run do ${within} rows per ms; ${cores} copies of the model do not fit the memory limit`,
    };
  }
  const numbers = `${cores} threads within a run do ${within} rows per ms, ${cores} workers with a thread each ${apartRowsPerMs.toPrecision(3)}`;
  return apartRowsPerMs >= WORTH_COPIES * withinRowsPerMs
    ? { workers: cores, threads: 1, why: numbers }
    : { workers: 1, threads: cores, why: numbers };
}

/**
 * The fewest rows whose run does nearly as much per millisecond as any within the budget, but not fewer than fit a short
 * run: timings are noisy, and a cap that is too small costs throughput for nothing.
 */
function bestWithin(timings: readonly Timing[], budgetMs: number, besideMs: number): Timing {
  const allowed = within(timings, budgetMs);
  const best = Math.max(...allowed.map((timing) => rate(timing, besideMs)));
  const fewest = allowed.find((timing) => rate(timing, besideMs) * WORTH_LARGER >= best);
  const short = allowed.findLast(({ ms }) => ms <= SHORT_MS);
  const larger = fewest === undefined || (short !== undefined && short.rows > fewest.rows) ? short : fewest;
  return larger ?? { rows: 1, ms: budgetMs };
}

function largestWithin(timings: readonly Timing[], budgetMs: number): Timing {
  return within(timings, budgetMs).at(-1) ?? { rows: 1, ms: budgetMs };
}

/** Timings that keep the budget, and one between the last of them and the first that does not. */
function within(timings: readonly Timing[], budgetMs: number): readonly Timing[] {
  const [first] = timings;
  const over = timings.findIndex(({ ms }) => ms > budgetMs);
  if (over < 0) return timings;
  const last = timings[over - 1];
  const beyond = timings[over];
  if (last === undefined || beyond === undefined) return first === undefined ? [] : [first];
  const between = (budgetMs - last.ms) / (beyond.ms - last.ms);
  const rows = Math.floor(last.rows + between * (beyond.rows - last.rows));
  return rows > last.rows ? [...timings.slice(0, over), { rows, ms: budgetMs }] : timings.slice(0, over);
}

/** Rows per millisecond; a clock that saw nothing counts as a microsecond. */
function rate({ rows, ms }: Timing, besideMs = 0): number {
  return rows / Math.max(ms + besideMs, 0.001);
}

function milliseconds(ms: number): string {
  return `${ms.toPrecision(2)} ms`;
}
