import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import type { Backlog } from '#runtime/engine/backlog.ts';
import { RequestError } from '#runtime/protocol/errors.ts';
import type { Admission } from './admission.ts';
import type { Caller } from './caller.ts';
import { TurnClock } from './turn-clock.ts';

/** Latencies that are kept of a period; enough for a 99th percentile. */
const KEPT_LATENCIES = 1000;
const PERIOD_MS = 1000;
/** Shorter bodies are not counted. */
const SMALL_BODY = 64 * 1024;
/** An overload is logged at most so often. */
const LOG_MS = 10_000;
/** One message serves everybody who is refused for the same reason within so long. */
const SAME_REFUSAL_MS = 100;

export interface GateOptions {
  readonly admission: Admission;
  /** Bytes that the bodies of requests which are not answered yet may have together. */
  readonly maxHeldBytes: number;
  readonly backlog: () => Backlog | undefined;
  readonly refused: () => void;
  readonly warn: (message: string) => void;
}

/** What was said last to somebody who was not let in. */
interface Refusal {
  readonly at: number;
  readonly why: 'wait' | 'bytes';
  readonly error: RequestError;
}

/** Stands before the predictions: lets requests in, or answers 503 before their bodies are read. */
export class Gate {
  readonly #options: GateOptions;
  readonly #clock = new TurnClock();
  readonly #timer: NodeJS.Timeout;
  #latenciesMs: number[] = [];
  #answers = 0;
  /** Time that requests of this period spent here, or in their sockets. */
  #insideMs = 0;
  readonly #connections = new Set<object>();
  /** Bytes of the large bodies that are on their way, and their sum. */
  readonly #held = new Map<Caller, number>();
  #heldBytes = 0;
  #loop: EventLoopUtilization = performance.eventLoopUtilization();
  #busyMs = 0;
  #loggedAt = -Infinity;
  #refusedSinceLog = 0;
  #lastRefusal: Refusal | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#learn(), PERIOD_MS);
    this.#timer.unref();
  }

  /** The longest wait for whoever comes while many are there. */
  get limitMs(): number {
    return this.#options.admission.limitMs({
      runMs: this.#options.backlog()?.runMs ?? 0,
      crowd: Infinity,
    });
  }

  /** Why a request is not let in, before its body is read; undefined where it is. */
  enter(now: number, caller: Caller): RequestError | undefined {
    const { admission } = this.#options;
    this.#connections.add(caller.connection);
    const { turnMs, turnBeforeMs, requests } = this.#clock.enter(now);
    this.#insideMs += turnBeforeMs;
    const backlog = this.#options.backlog();
    const load = {
      turnMs,
      turnBeforeMs,
      backlogMs: backlog?.waitMs ?? 0,
      runMs: backlog?.runMs ?? 0,
      crowd: Math.max(requests, backlog?.jobs ?? 0),
    };
    const waitMs = admission.refuse(now, load);
    if (waitMs !== undefined) {
      return this.#refuse(
        now,
        'wait',
        () =>
          `overloaded: a prediction would wait about ${Math.ceil(waitMs)} ms, the limit is ${Math.ceil(admission.limitMs(load))} ms; ask again in a second, or run more replicas`,
      );
    }
    return this.hold(now, caller, Number(caller.headers['content-length'] ?? 0));
  }

  /**
   * Counts a body's bytes until its answer has gone out: as many as its head says, and more once chunks or what they
   * inflate to have become more. Why they are too many; one large body is always let in.
   */
  hold(now: number, caller: Caller, bytes: number): RequestError | undefined {
    const before = this.#held.get(caller) ?? 0;
    if (!(bytes > SMALL_BODY) || bytes <= before) return undefined;
    const { maxHeldBytes } = this.#options;
    const others = this.#heldBytes - before;
    if (others > 0 && others + bytes > maxHeldBytes) {
      // What came of it is dropped: counted on while its sender lingers, it would have all others refused as well.
      this.#release(caller);
      return this.#refuse(
        now,
        'bytes',
        () =>
          `overloaded: requests that are being answered hold ${others} bytes, and ${bytes} more would pass the limit of ${Math.floor(maxHeldBytes)}; ask again in a second, or send smaller batches`,
      );
    }
    this.#held.set(caller, bytes);
    this.#heldBytes = others + bytes;
    if (before === 0) caller.onceOver(() => this.#release(caller));
    return undefined;
  }

  /** A request that was let in is answered. */
  answered(latencyMs: number): void {
    this.#latenciesMs[this.#answers++ % KEPT_LATENCIES] = latencyMs;
    this.#insideMs += latencyMs;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #release(caller: Caller): void {
    this.#heldBytes -= this.#held.get(caller) ?? 0;
    this.#held.delete(caller);
  }

  /** Refusing has to cost much less than answering: whoever is refused within a moment is told the same. */
  #refuse(now: number, why: Refusal['why'], message: () => string): RequestError {
    this.#options.refused();
    this.#clock.refused();
    this.#refusedSinceLog++;
    const last = this.#lastRefusal;
    if (last?.why === why && now - last.at < SAME_REFUSAL_MS) return last.error;
    const text = message();
    if (now - this.#loggedAt > LOG_MS) {
      this.#options.warn(`${text} (refused since the last such line: ${this.#refusedSinceLog})`);
      this.#loggedAt = now;
      this.#refusedSinceLog = 0;
    }
    const error = new RequestError(503, 'Overloaded', text, { headers: { 'retry-after': '1' } });
    this.#lastRefusal = { at: now, why, error };
    return error;
  }

  #learn(): void {
    const loop = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(loop, this.#loop);
    const backlog = this.#options.backlog();
    const busyMs = backlog?.busyMs ?? 0;
    const lanes = backlog === undefined ? 0 : (busyMs - this.#busyMs) / (PERIOD_MS * backlog.lanes);
    this.#options.admission.learn({
      utilization: Math.max(utilization, lanes),
      inFlightPerConnection: this.#insideMs / PERIOD_MS / Math.max(1, this.#connections.size),
      connections: this.#connections.size,
      latenciesMs: this.#latenciesMs,
    });
    this.#loop = loop;
    this.#busyMs = busyMs;
    this.#latenciesMs = [];
    this.#answers = 0;
    this.#insideMs = 0;
    this.#connections.clear();
  }
}
