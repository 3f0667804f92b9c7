/** How a number of workers grows with the work. */
export interface CrewOptions {
  readonly most: number;
  /** Asked every so often whether one more is worth it. */
  readonly shouldGrow: () => boolean;
  readonly everyMs: number;
  /** Aborted when a worker fails, so that the others end. */
  readonly stop: AbortController;
}

/** Runs one worker, and more as they are needed, until all have ended; then throws the first failure. */
export async function runCrew(work: () => Promise<void>, options: CrewOptions): Promise<void> {
  const { most, shouldGrow, everyMs, stop } = options;
  const running: Promise<void>[] = [];
  const start = () => {
    const worker = work();
    worker.catch((error: unknown) => stop.abort(error));
    running.push(worker);
  };
  start();
  const timer = setInterval(() => {
    if (running.length < most && !stop.signal.aborted && shouldGrow()) start();
  }, everyMs);
  try {
    for (let next = 0; next < running.length; next += 1) await running[next];
  } catch (error) {
    clearInterval(timer);
    await Promise.allSettled(running);
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    clearInterval(timer);
  }
}
