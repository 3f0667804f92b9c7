import { readFile } from 'node:fs/promises';

/** Bytes of memory that a process holds now (resident set), and the most that it ever held. */
export async function processMemory(pid: number): Promise<{ readonly now: number; readonly peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const read = (field: string): number =>
    Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1024;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}

export const MIB = 1024 * 1024;
