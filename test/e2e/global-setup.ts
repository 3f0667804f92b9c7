import type { TestProject } from 'vitest/node';
import type { BedConnection } from '#test/bed/bed.ts';
import { startBed } from '#test/bed/start.ts';
import { Unavailable } from '#test/cluster/unavailable.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** null where no cluster can run on this machine. */
    bed: BedConnection | null;
  }
}

/** Brings the test bed up once for all files. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  try {
    const running = await startBed();
    project.provide('bed', running.connection);
    return running.stop;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.error(`the end-to-end tests are skipped: ${error.message}`);
    project.provide('bed', null);
    return async () => undefined;
  }
}
