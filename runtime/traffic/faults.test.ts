import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { REVISION_HEADER } from '#contract/names.ts';
import { post } from '#runtime/testing.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { Forwarder } from './forward.ts';
import type { ForwardOutcome } from './outcome.ts';
import { BODY, CANDIDATE, Pair, STABLE } from './testing.ts';

const DEADLINE_MS = 250;
const GOOD = '{"prediction":16,"model_version":"2"}';

/** Answers once the request is read. */
function candidate(answer: (response: ServerResponse, request: IncomingMessage) => void): RequestListener {
  return (request, response) => {
    request.resume();
    request.once('end', () => answer(response, request));
  };
}

const status = (code: number, body = '{}') => candidate((response) => response.writeHead(code).end(body));

const FAULTS: readonly (readonly [string, RequestListener, ForwardOutcome])[] = [
  ['answers 500', status(500), 'server_error'],
  ['answers 503', status(503), 'server_error'],
  ['answers with a redirect', status(302), 'server_error'],
  ['answers 429', status(429), 'throttled'],
  ['refuses an input that the stable pod takes', status(422), 'rejected'],
  ['does not know the path', status(404), 'rejected'],
  ['hangs', () => undefined, 'timeout'],
  [
    'hangs in the middle of its answer',
    candidate((response) => response.writeHead(200).write(GOOD.slice(0, 9))),
    'timeout',
  ],
  ['is 100 times slower', candidate((response) => void setTimeout(() => response.end(GOOD), 900)), 'timeout'],
  ['resets before its answer', (request) => void request.socket.resetAndDestroy(), 'reset'],
  [
    'resets in the middle of its answer',
    candidate((response, request) => {
      response.writeHead(200, { 'content-length': '500' }).write(GOOD);
      setTimeout(() => request.socket.resetAndDestroy(), 10);
    }),
    'reset',
  ],
  ['answers what is not JSON', status(200, 'Internal error'), 'malformed'],
  ['answers nothing', status(200, ''), 'malformed'],
  ['answers a list', status(200, '[1]'), 'malformed'],
  [
    'answers what is not HTTP',
    candidate((_, request) => request.socket.end('SSH-2.0-OpenSSH_9.6\r\n\r\n')),
    'malformed',
  ],
  [
    'says that its JSON is longer than its answer',
    candidate((response) => response.setHeader('inference-header-content-length', '999').end(GOOD)),
    'malformed',
  ],
];

describe('a candidate with half of the requests harms no caller when it', () => {
  test.each(FAULTS)('%s', async (_, answer, outcome) => {
    await using pair = await Pair.start({
      candidate: answer,
      settings: { weight: 50, deadlineMs: outcome === 'timeout' ? DEADLINE_MS : 5000 },
    });
    for (let i = 0; i < 8; i++) {
      const { status: code, body, headers } = await post(`${pair.url}/predict`, BODY);
      expect([code, body['prediction'], headers.get(REVISION_HEADER)]).toEqual([200, 7, STABLE]);
      expect(headers.get('connection')).toBe('keep-alive');
    }
    const { forwarded, stable } = await pair.rollout();
    const { [outcome]: found = 0, skipped = 0, ...others } = forwarded.failures;
    expect([forwarded.requests, stable.requests]).toEqual([4, 4]);
    expect([found > 0, found + skipped, others]).toEqual([true, 4, {}]);
    expect(await pair.metric(`windlass_forwarded_total{target="candidate",outcome="${outcome}"}`)).toBe(
      found,
    );
    // Requests that were never sent took no time.
    expect(forwarded.latency.counts.reduce((sum, count) => sum + count, 0)).toBe(found);
    const line = 'http_requests_total{method="POST",path="/predict",status="200"}';
    expect(await pair.metric(line)).toBe(8);
  });

  test('is not there', async () => {
    await using pair = await Pair.start({ settings: { weight: 100, url: 'http://127.0.0.1:1' } });
    for (let i = 0; i < 5; i++) expect((await post(`${pair.url}/predict`, BODY)).body['prediction']).toBe(7);
    const { requests, failures } = (await pair.rollout()).forwarded;
    expect([requests, failures['connect'], (failures['connect'] ?? 0) + (failures['skipped'] ?? 0)]).toEqual([
      5, 1, 5,
    ]);
  });

  test('answers more than may be held', async () => {
    await using pair = await Pair.start({ candidate: status(200, `{"a":"${'x'.repeat(2000)}"}`) });
    const forwarder = new Forwarder({ revision: STABLE, maxAnswerBytes: 1000 });
    forwarder.use({ url: pair.candidateUrl, generation: 1, token: undefined, deadlineMs: 1000 });
    const request = {
      path: '/predict',
      body: Buffer.from('{}'),
      contentType: undefined,
      jsonLength: undefined,
      requestId: 'a',
      traceparent: undefined,
    };
    expect(await forwarder.forward(request)).toMatchObject({ kind: 'failed', outcome: 'too_large' });
    await forwarder.close();
  });
});

test('an input that both refuse is the refusal of the candidate, and no failure', async () => {
  await using pair = await Pair.start({ settings: { weight: 100 } });
  const { status: code, headers } = await post(`${pair.url}/predict`, { x: 'no', y: 1 });
  expect([code, headers.get(REVISION_HEADER)]).toEqual([422, CANDIDATE]);
  expect((await pair.rollout()).forwarded).toMatchObject({ requests: 1, failures: {} });
});

test('an input that the candidate alone refuses is answered here, and one that it alone takes is answered there', async () => {
  const strict = linearBundle({
    version: '2',
    weight: 5,
    manifest: {
      inputs: ['x', 'y'].map((name) => ({
        name,
        type: 'float32',
        shape: [null, 1],
        range: { max: 2e6, min: 2 },
      })),
      golden: undefined,
    },
  });
  await using pair = await Pair.start({ candidate: strict, settings: { weight: 100 } });
  const own = await post(`${pair.url}/predict`, { x: 1, y: 1 });
  expect([own.status, own.headers.get(REVISION_HEADER), own.body['prediction']]).toEqual([200, STABLE, 3]);
  const theirs = await post(`${pair.url}/predict`, { x: 1.5e6, y: 2 });
  expect([theirs.status, theirs.headers.get(REVISION_HEADER)]).toEqual([200, CANDIDATE]);
  expect((await pair.rollout()).forwarded).toMatchObject({ requests: 2, failures: { rejected: 1 } });
});

test('a kept-alive connection that was closed while idle costs nothing', async () => {
  let answers = 0;
  await using pair = await Pair.start({
    candidate: candidate((response, request) => {
      // Every second request finds its connection gone.
      if (++answers % 2 === 0) request.socket.resetAndDestroy();
      else response.end(GOOD);
    }),
    settings: { weight: 100 },
  });
  for (let i = 0; i < 6; i++) {
    const { body, headers: fields } = await post(`${pair.url}/predict`, BODY);
    expect([body['prediction'], fields.get(REVISION_HEADER)]).toEqual([16, CANDIDATE]);
  }
  expect((await pair.rollout()).forwarded).toMatchObject({ requests: 6, failures: {} });
});

test('a hanging candidate takes its deadline from two requests, then from one at a time', async () => {
  await using pair = await Pair.start({
    candidate: () => undefined,
    settings: { weight: 100, deadlineMs: DEADLINE_MS },
  });
  const started = performance.now();
  for (let i = 0; i < 60; i++) expect((await post(`${pair.url}/predict`, BODY)).body['prediction']).toBe(7);
  const { requests, failures } = (await pair.rollout()).forwarded;
  const { timeout = 0, skipped = 0 } = failures;
  // After the first two, a probe takes a rest of 250 ms or more and its deadline.
  const probes = Math.ceil((performance.now() - started) / (250 + DEADLINE_MS));
  expect([requests, timeout + skipped, timeout >= 2, timeout <= 2 + probes]).toEqual([60, 60, true, true]);
  expect(timeout).toBeLessThan(20);
});

test('a candidate that is back is asked again', async () => {
  let broken = true;
  await using pair = await Pair.start({
    candidate: candidate((response, request) => {
      if (broken) request.socket.resetAndDestroy();
      else response.setHeader(REVISION_HEADER, CANDIDATE).end(GOOD);
    }),
    settings: { weight: 100 },
  });
  const ask = async () => (await post(`${pair.url}/predict`, BODY)).body['prediction'];
  for (let i = 0; i < 4; i++) expect(await ask()).toBe(7);
  broken = false;
  expect(await ask()).toBe(7);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([await ask(), await ask()]).toEqual([16, 16]);
});

test('requests on their way are answered by the pool that they began with', async () => {
  await using pair = await Pair.start({
    candidate: candidate((response) => void setTimeout(() => response.end(GOOD), 300)),
    settings: { weight: 100 },
  });
  const slow = post(`${pair.url}/predict`, BODY);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await pair.change({ weight: 0 });
  expect((await post(`${pair.url}/predict`, BODY)).body['prediction']).toBe(7);
  expect((await slow).body['prediction']).toBe(16);
  expect((await pair.rollout()).forwarded).toMatchObject({ requests: 1, failures: {} });
});
