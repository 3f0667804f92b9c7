import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { which } from './command.ts';

/**
 * Runs `work` while no other process holds the lock file. The lock belongs to a `flock` whose standard input
 * we hold: however this process ends, the lock is free again. Without flock(1) (macOS) there is no lock.
 */
export async function withLock<T>(file: string, waiting: () => void, work: () => Promise<T>): Promise<T> {
  if ((await which('flock')) === undefined) return work();
  await mkdir(dirname(file), { recursive: true });
  const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo locked; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const slow = setTimeout(waiting, 1000);
  try {
    await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
    clearTimeout(slow);
    if (holder.exitCode !== null) throw new Error(`cannot lock ${file}: flock ended with ${holder.exitCode}`);
    return await work();
  } finally {
    clearTimeout(slow);
    holder.stdin.end();
  }
}
