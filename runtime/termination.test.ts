import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseTerminationMessage } from '#contract/failure.ts';
import { Folder, spawnServer } from '#runtime/testing.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { diedLoading, diedOf, TerminationMessage } from './termination.ts';

const SERVING = { model: '"churn" version 3', revision: 'churn-0123456789' };

test('a message can be read by the operator, however long its cause is', async () => {
  await using folder = await Folder.create();
  const path = await folder.write('log', 'what was there before, and longer');
  const message = new TerminationMessage(path);
  message.write(diedLoading(SERVING));
  expect(parseTerminationMessage(await readFile(path, 'utf8'))).toMatchObject({
    reason: 'LoadFailed',
    message: expect.stringContaining('"churn" version 3 (revision churn-0123456789)'),
  });
  message.write(diedOf(new TypeError('x'.repeat(5000)), SERVING));
  expect(parseTerminationMessage(await readFile(path, 'utf8'))?.message).toHaveLength(2000);
  message.clear();
  expect(await readFile(path, 'utf8')).toBe('');
});

test('without a file nothing happens: nobody would read it', () => {
  const path = '/nonexistent/termination-log';
  expect(() => new TerminationMessage(path).write(diedLoading(SERVING))).not.toThrow();
});

test.each([
  [
    'a crash in native code names the model',
    'SIGABRT',
    /served "linear" version 1 \(revision linear-a\): ONNX Runtime crashed/,
  ],
  ['an end that was asked for leaves no message', 'SIGTERM', /^$/],
] as const)('%s', async (_, signal, expected) => {
  await using folder = await Folder.create(linearBundle());
  const path = await folder.write('termination-log', '');
  await using server = await spawnServer({
    model: folder.path,
    revision: 'linear-a',
    terminationMessageFile: path,
    drainSeconds: 0,
    logLevel: 'info',
  });
  server.child.kill(signal);
  await server.ended;
  const text = await readFile(path, 'utf8');
  expect(parseTerminationMessage(text)?.message ?? text).toMatch(expected);
});
