import { build } from '#test/cluster/build.ts';
import { run } from '#test/cluster/command.ts';

export interface Verdict {
  readonly status: 'Current' | 'InProgress' | 'Failed' | 'Terminating' | 'NotFound' | 'Unknown';
  readonly message: string;
}

/** What Flux, and whoever else waits with the library of kstatus, makes of each object. */
export async function kstatusOf(objects: readonly object[]): Promise<readonly Verdict[]> {
  const { kstatus } = await build(['kstatus']);
  return JSON.parse(await run(kstatus, [], { input: JSON.stringify(objects) })) as Verdict[];
}
