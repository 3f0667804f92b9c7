import { expect, it } from 'vitest';
import { attempt, CommandError, run, which } from './command.ts';

it('returns what a command prints', async () => {
  expect(await run('cat', [], { input: 'hello' })).toBe('hello');
});

it('throws what a failing command says on stderr', async () => {
  const failing = run('sh', ['-c', 'echo broken >&2; exit 3']);
  await expect(failing).rejects.toThrow(CommandError);
  await expect(failing).rejects.toThrow('broken');
});

it('gives the exit code without throwing when only attempted', async () => {
  expect(await attempt('sh', ['-c', 'exit 3'])).toEqual({ code: 3, stdout: '', stderr: '' });
});

it('kills a command that runs out of time', async () => {
  await expect(run('sleep', ['60'], { timeout: 50 })).rejects.toThrow('no end after 0.05 s');
});

it('hands over the lines of stderr as they come', async () => {
  const lines: string[] = [];
  await run('sh', ['-c', 'echo one >&2; echo two >&2'], { onLine: (line) => lines.push(line) });
  expect(lines).toEqual(['one', 'two']);
});

it('says that a program does not exist', async () => {
  await expect(run('no-such-program', [])).rejects.toThrow('ENOENT');
  expect(await which('no-such-program')).toBeUndefined();
});
