import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { parseTerminationMessage } from '#contract/failure.ts';
import { endSpawned, Folder, post, spawnServer } from '#runtime/testing.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { onnxModel } from '#test/support/onnx.ts';
import { diedLoading, diedOf, TerminationMessage } from './termination.ts';

afterEach(endSpawned);

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

/** Node runs this before the program, in each of its threads. */
const before = (program: string): readonly string[] => [
  '--import',
  `data:text/javascript,${encodeURIComponent(program)}`,
];

/** Its second size is open, for which a model's runs are on worker threads. */
const OPEN_SIZES = onnxModel({
  inputs: [{ name: 'x', type: 'float32', shape: ['N', 'M'] }],
  outputs: [{ name: 'y', type: 'float32', shape: ['N', 'M'] }],
  nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
});

test('a worker thread that ends takes the process with it: whoever waits has a 503, and the message has the cause', async () => {
  await using folder = await Folder.create();
  const path = await folder.write('termination-log', '');
  const ends = `
    import { isMainThread, parentPort } from 'node:worker_threads';
    process.env.WINDLASS_CPU_LIMIT = '1';
    if (!isMainThread) parentPort.on('message', ({ inputs }) => {
      if (inputs?.[0].data[0] !== 666) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      process.exit(3);
    });`;
  await using server = await spawnServer(
    {
      model: await folder.write('model.onnx', OPEN_SIZES),
      revision: 'relu-a',
      terminationMessageFile: path,
    },
    before(ends),
  );
  expect((await post(`${server.url}/predict`, { x: [1, -2] })).body['y']).toEqual([1, 0]);
  const running = post(`${server.url}/predict`, { x: [666, 1] });
  await sleep(100);
  const [first, behind] = await Promise.all([running, post(`${server.url}/predict`, { x: [1, 2, 3] })]);
  expect([first.status, behind.status]).toEqual([503, 503]);
  expect(first.body).toMatchObject({
    code: 'ModelUnavailable',
    error: expect.stringContaining('the thread that runs the model has ended'),
  });
  expect(first.headers.get('retry-after')).toBe('1');
  expect(await server.ended).toBe(1);
  expect(parseTerminationMessage(await readFile(path, 'utf8'))).toMatchObject({
    reason: 'CrashLoop',
    message: expect.stringMatching(
      /served "model" version .*\(revision relu-a\) ended .*the thread that runs the model has ended: it ended with code 3/,
    ),
  });
});

test.each([
  ['an error that nobody caught', 'throw error;'],
  ['a rejection that nobody handled', 'void Promise.reject(error);'],
])('%s ends the process with 70 and is its message', async (_, fails) => {
  await using folder = await Folder.create(linearBundle());
  const path = await folder.write('termination-log', '');
  const fault = `
    import { isMainThread } from 'node:worker_threads';
    if (isMainThread) process.on('SIGUSR2', () => {
      const error = new TypeError('nobody thought of this');
      ${fails}
    });`;
  await using server = await spawnServer(
    { model: folder.path, name: 'linear', revision: 'linear-a', terminationMessageFile: path },
    before(fault),
  );
  server.child.kill('SIGUSR2');
  expect(await server.ended).toBe(70);
  expect(parseTerminationMessage(await readFile(path, 'utf8'))).toMatchObject({
    reason: 'CrashLoop',
    message: expect.stringMatching(
      /"linear" \(revision linear-a\) ended because of a fault of its own: TypeError: nobody thought of this/,
    ),
  });
});
