import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { logTail, startChild, untilReady } from './child.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'windlass-child-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function within(milliseconds: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const end = performance.now() + milliseconds; performance.now() < end;) {
    if (await condition()) return true;
    await sleep(20);
  }
  return false;
}

it('ends when it is stopped, also while it is paused', async () => {
  const child = startChild({ name: 'sleep', file: 'sleep', args: ['60'], log: join(folder, 'sleep.log') });
  child.signal('SIGSTOP');
  await child.stop('SIGTERM');
  expect(await child.ended).toBe('SIGTERM');
  expect(isRunning(child.pid)).toBe(false);
});

it("says with the log's end why it was never ready", async () => {
  const log = join(folder, 'failing.log');
  const child = startChild({ name: 'server', file: 'sh', args: ['-c', 'echo port is taken; exit 4'], log });
  await expect(untilReady(child, () => Promise.resolve(false), 5000)).rejects.toThrow(
    'server ended (exit code 4)\nport is taken',
  );
  expect(await logTail(log)).toBe('port is taken');
});

it('dies, and its folder goes, with a parent that is killed', async () => {
  const data = await mkdtemp(join(folder, 'data-'));
  const script = `
    import { startChild } from ${JSON.stringify(join(import.meta.dirname, 'child.ts'))};
    import { removeAtEnd } from ${JSON.stringify(join(import.meta.dirname, 'watchdog.ts'))};
    removeAtEnd(${JSON.stringify(data)});
    const child = startChild({ name: 'sleep', file: 'sleep', args: ['60'], log: ${JSON.stringify(join(folder, 'orphan.log'))} });
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(isRunning(pid)).toBe(true);
  parent.kill('SIGKILL');
  expect(await within(5000, () => !isRunning(pid))).toBe(true);
  const gone = (): Promise<boolean> =>
    stat(data).then(
      () => false,
      () => true,
    );
  expect(await within(5000, gone)).toBe(true);
});
