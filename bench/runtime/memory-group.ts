import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface MemoryGroup {
  /** A command line that runs the rest of the command line in the group. */
  readonly within: readonly string[];
  /** Bytes, as the kubelet counts them: what the group uses, less files that nobody has read again. */
  workingSet(): Promise<number>;
  /** Once its processes have ended. */
  remove(): Promise<void>;
}

interface Layout {
  readonly root: string;
  readonly usage: string;
  readonly inactive: RegExp;
}

const LAYOUTS: readonly Layout[] = [
  {
    root: '/sys/fs/cgroup/memory', // cgroup v1
    usage: 'memory.usage_in_bytes',
    inactive: /^total_inactive_file (\d+)$/m,
  },
  { root: '/sys/fs/cgroup', usage: 'memory.current', inactive: /^inactive_file (\d+)$/m },
];

/** A memory cgroup of its own; undefined where this machine lets none be made. */
export async function memoryGroup(): Promise<MemoryGroup | undefined> {
  for (const { root, usage, inactive } of LAYOUTS) {
    const folder = join(root, `windlass-bench-${process.pid}-${Date.now()}`);
    const made =
      existsSync(root) &&
      (await mkdir(folder)
        .then(() => true)
        .catch(() => false));
    if (!made) continue;
    const remove = async (): Promise<void> => rmdir(folder).catch(() => undefined);
    if (!existsSync(join(folder, usage))) {
      await remove();
      continue;
    }
    return {
      within: ['sh', '-c', `echo $$ > '${join(folder, 'cgroup.procs')}' && exec "$@"`, 'sh'],
      async workingSet() {
        const used = Number(await readFile(join(folder, usage), 'utf8'));
        const stat = await readFile(join(folder, 'memory.stat'), 'utf8');
        return used - Number(inactive.exec(stat)?.[1] ?? 0);
      },
      remove,
    };
  }
  return undefined;
}
