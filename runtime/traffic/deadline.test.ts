import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { deadlineIn } from './deadline.ts';
import { Forwarder } from './forward.ts';

test('a deadline ends what waits for it, unless it is cleared', async () => {
  const kept = deadlineIn(20);
  const cleared = deadlineIn(20);
  cleared.clear();
  await sleep(60);
  expect([kept.signal.aborted, cleared.signal.aborted]).toEqual([true, false]);
  expect(kept.signal.reason).toMatchObject({ name: 'TimeoutError', message: 'no answer within 20 ms' });
});

/** A pod that answers after 100 ms, whatever this thread does. */
const POD = `
const { createServer } = require('node:http');
const { parentPort } = require('node:worker_threads');
const server = createServer((request, response) => {
  request.resume();
  setTimeout(() => response.end('{"prediction":1}'), 100);
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

test('an answer that came in time is no failure where this process stood still past the deadline', async () => {
  const pod = new Worker(POD, { eval: true });
  const [port] = (await once(pod, 'message')) as [number];
  const forwarder = new Forwarder({ revision: 'a', maxAnswerBytes: 1000 });
  forwarder.use({ url: `http://127.0.0.1:${port}`, generation: 1, token: undefined, deadlineMs: 300 });
  const ask = () =>
    forwarder.forward({
      path: '/predict',
      body: Buffer.from('{}'),
      contentType: undefined,
      jsonLength: undefined,
      requestId: 'a',
      traceparent: undefined,
    });
  expect(await ask()).toMatchObject({ kind: 'answer', status: 200 });
  const asked = [ask(), ask(), ask()];
  await sleep(30);
  // From here on the event loop begins with its timers, before it reads.
  await new Promise((resolve) => setImmediate(resolve));
  const until = performance.now() + 500;
  while (performance.now() < until);
  expect(await Promise.all(asked)).toMatchObject(asked.map(() => ({ kind: 'answer', status: 200 })));
  await forwarder.close();
  await pod.terminate();
});
