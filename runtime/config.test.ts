import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseServeArgs, UsageError, type ServeCommand } from '#runtime/config.ts';
import { VERSION } from '#runtime/version.ts';

test('a configuration of the operator has its own defaults', () => {
  const command: ServeCommand = parseServeArgs([
    '--config',
    '{"formatVersion":1,"model":"/models/bundle","fieldOfALaterRelease":1}',
  ]);
  expect(command).toMatchObject({
    kind: 'serve',
    byHand: false,
    options: { model: '/models/bundle', port: 8080, host: '0.0.0.0', logLevel: 'info', drainSeconds: 5 },
  });
});

test('flags by hand listen on the loopback interface alone', () => {
  expect(parseServeArgs(['--model', 'm', '--port', '0', '--max-batch-size', '8'])).toMatchObject({
    byHand: true,
    options: { model: 'm', port: 0, host: '127.0.0.1', maxBatchSize: 8, drainSeconds: 0 },
  });
});

test.each([
  [['--model', 'm', '--port', '70000'], '--port'],
  [['--model', 'm', '--log-level', 'loud'], '--log-level'],
  [[], '--model: is missing'],
  [['m'], 'm'],
  [['--frobnicate'], 'frobnicate'],
  [['--model', 'm', '--port', 'many'], '--port'],
  [['--config', '[]'], '--config'],
  [['--config', '"x"'], '--config'],
])('%j is a usage error that names %s', (args, part) => {
  expect(() => parseServeArgs(args)).toThrow(UsageError);
  expect(() => parseServeArgs(args)).toThrow(part);
});

test.each([
  [['--model', 'm'], 'debug'],
  [['--config', '{"formatVersion":1,"model":"m"}'], 'debug'],
  [['--config', '{"formatVersion":1,"model":"m","logLevel":"error"}'], 'error'],
  [['--model', 'm', '--log-level', 'info'], 'info'],
])('with LOG_LEVEL=DEBUG, %j logs at %s', (args, logLevel) => {
  expect(parseServeArgs(args, { LOG_LEVEL: 'DEBUG' })).toMatchObject({ options: { logLevel } });
});

test('a mistyped LOG_LEVEL is a usage error, not another level', () => {
  expect(() => parseServeArgs(['--model', 'm'], { LOG_LEVEL: 'loud' })).toThrow('--log-level');
});

test("the version is package.json's", async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
});
