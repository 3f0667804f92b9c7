import { readFileSync } from 'node:fs';
import { FailureError } from '#contract/failure.ts';

/** Set for the process that only tries to load: the graph's path. */
export const TRIAL_LOAD_VARIABLE = 'WINDLASS_TRIAL_LOAD';

/** What the process of a trial load does: prints {"peakBytes": ...} or a Failure as its last line; gives the exit code. */
export async function runTrialLoad(graph: string): Promise<number> {
  const print = (value: unknown) =>
    new Promise<void>((resolve) => process.stdout.write(`${JSON.stringify(value)}\n`, () => resolve()));
  try {
    const { openSession } = await import('#runtime/engine/session.ts');
    const session = openSession(graph, { threads: 1 });
    await print({ peakBytes: peakMemory(readFileSync('/proc/self/status', 'utf8')) });
    session.release();
    return 0;
  } catch (error) {
    const reason = error instanceof FailureError ? error : new FailureError('LoadFailed', String(error));
    await print(reason.toFailure());
    return 1;
  }
}

/**
 * The peak of a process's own memory in bytes, from its /proc status: without the pages of program files, which the
 * kernel drops before it ends a container for its memory. 0 where the text says nothing.
 */
export function peakMemory(status: string): number {
  const kibibytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  return Math.max(0, kibibytes('VmHWM') - kibibytes('RssFile')) * 1024;
}
