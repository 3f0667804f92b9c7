interface Flight<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/** Equal work that is under way at the same time is done once; it ends early only when nobody waits for it any more. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  async join(key: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#start(key, run);
    flight.waiting += 1;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([flight.promise, aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      flight.waiting -= 1;
      if (flight.waiting === 0) {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
        flight.controller.abort();
      }
    }
  }

  #start(key: string, run: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const promise = run(controller.signal).finally(() => {
      if (this.#flights.get(key)?.promise === promise) this.#flights.delete(key);
    });
    // Whoever joined sees the error; a flight that everybody left must not end the process.
    promise.catch(() => undefined);
    const flight = { promise, controller, waiting: 0 };
    this.#flights.set(key, flight);
    return flight;
  }
}

/** Lets a number of runs per key happen at the same time; the others wait their turn. */
export class Gate {
  readonly #limit: number;
  readonly #running = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    while ((this.#running.get(key) ?? 0) >= this.#limit) await this.#turn(key);
    this.#running.set(key, (this.#running.get(key) ?? 0) + 1);
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const running = (this.#running.get(key) ?? 1) - 1;
      if (running === 0) this.#running.delete(key);
      else this.#running.set(key, running);
      const queue = this.#waiting.get(key);
      queue?.shift()?.();
      if (queue?.length === 0) this.#waiting.delete(key);
    }
  }

  #turn(key: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const queue = this.#waiting.get(key) ?? [];
    this.#waiting.set(key, queue);
    queue.push(resolve);
    return promise;
  }
}
