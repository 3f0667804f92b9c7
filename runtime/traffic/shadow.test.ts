import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { FORWARDED_HEADER, FORWARDED_TOKEN_HEADER, REVISION_HEADER } from '#contract/names.ts';
import { classifierBundle, post } from '#runtime/testing.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { ShadowQueue, type Copy } from './shadow.ts';
import { BODY, metricOf, Pair, STABLE, TOKEN, until } from './testing.ts';

async function compared(pair: Pair, count: number) {
  await until(async () => (await pair.rollout()).copied.compared >= count);
  return (await pair.rollout()).copied;
}

describe('copies', () => {
  test('are compared, and the client sees the stable answer alone', async () => {
    await using pair = await Pair.start({ settings: { shadow: 100 } });
    const text = JSON.stringify(BODY);
    const ask = () => post(`${pair.url}/predict`, text);
    for (let i = 0; i < 5; i++) expect((await ask()).headers.get(REVISION_HEADER)).toBe(STABLE);
    // 0 * weight + 1 is the same for both.
    for (let i = 0; i < 3; i++) await post(`${pair.url}/predict`, { x: 0, y: 1 });
    const copied = await compared(pair, 8);
    expect(copied).toMatchObject({ compared: 8, agreed: 3, failures: {}, dropped: 0 });
    expect(copied.differences.counts[0]).toBe(3);
    const hash = createHash('sha256').update(text).digest('hex');
    expect(copied.worst.length).toBe(5);
    expect(copied.worst[0]).toMatchObject({ hash, difference: 9 / 16 });
    expect(JSON.stringify(copied)).not.toContain(text);
    expect(await pair.metric('windlass_shadow_total{outcome="agreed"}')).toBe(3);
    expect(await pair.metric('windlass_shadow_total{outcome="differed"}')).toBe(5);
    expect(await pair.metric('windlass_shadow_difference_count')).toBe(8);
    expect(await pair.metric('windlass_traffic_shadow_percent')).toBe(100);
    // The candidate does not take them for a client's.
    expect(await metricOf(pair.candidateUrl, 'windlass_forwarded_received_total{status="200"}')).toBe(8);
    expect(await metricOf(pair.candidateUrl, 'predictions_total{outcome="value"}')).toBe(0);
  });

  test.each([5, 50])('are %d % of what is answered here with a 200', async (shadow) => {
    await using pair = await Pair.start({ settings: { shadow, weight: 50 } });
    for (let i = 0; i < 80; i++) await post(`${pair.url}/predict`, BODY);
    for (let i = 0; i < 20; i++) await post(`${pair.url}/predict`, { x: 'no' });
    const due = (40 * shadow) / 100;
    await until(async () => Math.abs((await pair.rollout()).copied.compared - due) <= 1);
    await sleep(50);
    const { compared: count, failures, dropped } = (await pair.rollout()).copied;
    expect([Math.abs(count - due) <= 1, failures, dropped]).toEqual([true, {}, 0]);
  });

  test('of batches and of tensors, as JSON and as binary data, are compared too', async () => {
    const candidate = classifierBundle({ version: '8' });
    await using pair = await Pair.start({ stable: classifierBundle(), candidate, settings: { shadow: 100 } });
    const customers = [{ Age: 50, Country: 'Spain' }, { Age: 20 }];
    expect((await post(`${pair.url}/predict`, customers[0])).body).toMatchObject({ risk: 'HIGH' });
    expect((await post(`${pair.url}/predict_batch`, { customers })).status).toBe(200);
    const inputs = [
      { name: 'Country', shape: [2, 1], datatype: 'BYTES', data: ['Spain', ''] },
      { name: 'Age', shape: [2, 1], datatype: 'FP32', data: [[40], [30]] },
    ];
    const infer = `${pair.url}/v2/models/linear/infer`;
    expect((await post(infer, { inputs })).status).toBe(200);
    const ages = Buffer.from(Float32Array.from({ length: 3000 }, (_, i) => 20 + (i % 50)).buffer);
    const countries = Buffer.concat(
      Array.from({ length: 3000 }, () => Buffer.from([5, 0, 0, 0, ...Buffer.from('Spain')])),
    );
    const json = JSON.stringify({
      inputs: [
        { name: 'Age', shape: [3000, 1], datatype: 'FP32', parameters: { binary_data_size: ages.length } },
        {
          name: 'Country',
          shape: [3000, 1],
          datatype: 'BYTES',
          parameters: { binary_data_size: countries.length },
        },
      ],
      outputs: [{ name: 'probabilities', parameters: { binary_data: true } }],
    });
    const response = await fetch(infer, {
      method: 'POST',
      headers: {
        'content-type': 'application/octet-stream',
        'inference-header-content-length': String(json.length),
      },
      body: Buffer.concat([Buffer.from(json), ages, countries]),
    });
    expect(response.status).toBe(200);
    await response.arrayBuffer();
    expect(await compared(pair, 4)).toMatchObject({ compared: 4, agreed: 4, failures: {}, worst: [] });
  });

  test('that the candidate fails count by why, those that it answers otherwise as different', async () => {
    let requests = 0;
    const seen: (string | undefined)[] = [];
    await using pair = await Pair.start({
      candidate: (request, response) => {
        request.resume();
        seen.push(
          request.headers[FORWARDED_HEADER]?.toString(),
          request.headers[FORWARDED_TOKEN_HEADER]?.toString(),
        );
        const answers = [
          () => response.writeHead(500).end('{}'),
          () => response.writeHead(422).end('{}'),
          () => response.writeHead(429).end('{}'),
          () => response.end('no JSON'),
          () => response.end('{"something":"else"}'),
        ];
        answers[requests++ % answers.length]?.();
      },
      settings: { shadow: 100 },
    });
    for (let i = 0; i < 5; i++) {
      await post(`${pair.url}/predict`, BODY);
      await until(() => Promise.resolve(requests === i + 1));
    }
    const copied = await compared(pair, 1);
    expect(copied).toMatchObject({ compared: 1, agreed: 0 });
    expect(copied.failures).toEqual({ server_error: 1, rejected: 1, throttled: 1, malformed: 1 });
    expect(copied.worst[0]?.difference).toBe(Number.MAX_VALUE);
    expect(seen.slice(0, 2)).toEqual([STABLE, TOKEN]);
    const { stable, forwarded } = await pair.rollout();
    expect([stable.requests, stable.failures, forwarded.requests]).toEqual([5, {}, 0]);
  });

  test('for a candidate that hangs slow no answer down, and those without room are dropped', async () => {
    await using pair = await Pair.start({
      candidate: () => undefined,
      settings: { shadow: 0, deadlineMs: 60_000 },
    });
    const load = async (): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < 600; i++) {
        const started = performance.now();
        expect((await post(`${pair.url}/predict`, BODY)).status).toBe(200);
        times.push(performance.now() - started);
      }
      return times.toSorted((a, b) => a - b)[300] ?? NaN;
    };
    await load();
    const quiet = await load();
    await pair.change({ shadow: 100 });
    const shadowed = await load();
    expect(shadowed).toBeLessThan(3 * quiet + 5);
    const { copied, stable } = await pair.rollout();
    expect([copied.compared, stable.requests]).toEqual([0, 1800]);
    // 16 on their way and 256 that wait; nobody gives up within the deadline.
    expect(copied.dropped).toBe(600 - 16 - 256);
  });

  test('wait for nobody when they are not wanted any more', async () => {
    await using pair = await Pair.start({ settings: { shadow: 100 } });
    await post(`${pair.url}/predict`, BODY);
    await compared(pair, 1);
    await pair.change({ shadow: 0 });
    await post(`${pair.url}/predict`, BODY);
    await sleep(100);
    expect((await pair.rollout()).copied.compared).toBe(1);
  });

  test('of a candidate whose numbers are close enough agree', async () => {
    const candidate = linearBundle({ version: '2', weight: 2.00001 });
    await using pair = await Pair.start({ candidate, settings: { shadow: 100, tolerance: 1e-4 } });
    await post(`${pair.url}/predict`, BODY);
    const copied = await compared(pair, 1);
    expect([copied.agreed, copied.worst[0]?.difference]).toEqual([1, expect.closeTo(3e-5 / 7, 6)]);
  });
});

describe('the queue', () => {
  const copy = (bytes: number, answer = 0): Copy => ({
    request: {
      path: '/predict',
      body: Buffer.alloc(bytes),
      contentType: undefined,
      jsonLength: undefined,
      requestId: 'a',
      traceparent: undefined,
    },
    protocol: 'predict',
    own: { body: 'x'.repeat(answer), jsonLength: undefined },
  });
  const LIMITS = { copies: 3, bytes: 1000, sends: 2, answerBytes: 100 };

  test('holds so many copies, so many bytes, and sends so many at once', async () => {
    const sent: Copy[] = [];
    const ends: (() => void)[] = [];
    const queue = new ShadowQueue(LIMITS, (one) => {
      sent.push(one);
      return new Promise((resolve) => ends.push(resolve));
    });
    expect([queue.offer(copy(900, 101)), queue.offer(copy(900, 100)), queue.offer(copy(1))]).toEqual([
      false,
      true,
      false,
    ]);
    expect(sent.length).toBe(0);
    await sleep(10);
    expect(sent.length).toBe(1);
    ends[0]?.();
    await sleep(10);
    expect(Array.from({ length: 4 }, () => queue.offer(copy(1)))).toEqual([true, true, true, false]);
    await sleep(10);
    expect([sent.length, queue.offer(copy(1)), queue.offer(copy(1)), queue.offer(copy(1))]).toEqual([
      3,
      true,
      true,
      false,
    ]);
    queue.clear();
    for (const end of ends) end();
    await sleep(10);
    expect([sent.length, queue.hasRoom(1000), queue.hasRoom(1001)]).toEqual([3, true, false]);
  });
});
