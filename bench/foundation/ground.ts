import { Bed } from '#test/bed/bed.ts';
import type { Namespace } from '#test/bed/namespace.ts';
import { startBed, type RunningBed } from '#test/bed/start.ts';

/** The test bed that the figures stand on: brought up when the first one needs it, given back at the end. */
export class Ground {
  #running: Promise<RunningBed> | undefined;

  async running(): Promise<RunningBed> {
    this.#running ??= startBed();
    return this.#running;
  }

  async bed(): Promise<Bed> {
    return new Bed((await this.running()).connection);
  }

  /** A namespace for one figure, deleted whatever becomes of it. */
  async within<T>(name: string, measure: (namespace: Namespace, bed: Bed) => Promise<T>): Promise<T> {
    const bed = await this.bed();
    const namespace = await bed.namespace(`figure-${name}`);
    try {
      return await measure(namespace, bed);
    } finally {
      await namespace.delete();
    }
  }

  async close(): Promise<void> {
    await (await this.#running)?.stop();
  }
}
