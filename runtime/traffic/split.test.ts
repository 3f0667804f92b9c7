import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FORWARDED_HEADER, FORWARDED_TOKEN_HEADER, REVISION_HEADER } from '#contract/names.ts';
import { post } from '#runtime/testing.ts';
import { BODY, CANDIDATE, metricOf, Pair, reportOf, STABLE, TOKEN, until } from './testing.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await Pair.start();
});

afterAll(async () => {
  await pair[Symbol.asyncDispose]();
});

/** How many of `count` requests the candidate answered. */
async function candidates(count: number, headers: (i: number) => Record<string, string> = () => ({})) {
  let theirs = 0;
  for (let i = 0; i < count; i++) {
    const answer = await post(`${pair.url}/predict`, BODY, headers(i));
    const revision = answer.headers.get(REVISION_HEADER);
    const wanted =
      revision === CANDIDATE ? { prediction: 16, model_version: '2' } : { prediction: 7, model_version: '1' };
    expect([answer.status, answer.body]).toEqual([200, wanted]);
    expect(answer.headers.get('connection')).toBe('keep-alive');
    if (revision === CANDIDATE) theirs++;
  }
  return theirs;
}

describe('the split', () => {
  test.each([1, 5, 25, 50, 99, 100, 0])(
    'gives the candidate %d % of a few hundred requests',
    async (weight) => {
      await pair.change({ weight });
      expect(Math.abs((await candidates(300)) - 3 * weight)).toBeLessThanOrEqual(1);
    },
  );

  test('sends the same value of the sticky header to the same revision, and at a greater weight more of them', async () => {
    const asked = async (weight: number) => {
      await pair.change({ weight, stickyHeader: 'x-user' });
      const met = new Set<number>();
      for (const round of [1, 2]) {
        for (let user = 0; user < 60; user++) {
          const theirs = (await candidates(1, () => ({ 'x-user': `user-${user}` }))) === 1;
          if (round === 1 && theirs) met.add(user);
          expect(met.has(user)).toBe(theirs);
        }
      }
      return met;
    };
    const few = await asked(20);
    const many = await asked(60);
    expect([few.size > 3, few.size < 25, many.size > 22, many.size < 50]).toEqual([true, true, true, true]);
    expect([...few].every((user) => many.has(user))).toBe(true);
    // Requests without the header are shared exactly all the same.
    expect(Math.abs((await candidates(100)) - 60)).toBeLessThanOrEqual(1);
    await pair.change({ stickyHeader: undefined });
  });

  test('leaves alone what names a version and what was passed on already', async () => {
    await pair.change({ weight: 100, shadow: 100 });
    const before = await pair.rollout();
    const inputs = ['x', 'y'].map((name) => ({ name, shape: [1, 1], datatype: 'FP32', data: [1] }));
    const infer = (path: string) => post(`${pair.url}/v2/models/linear${path}/infer`, { inputs });
    expect((await infer('/versions/1')).body.outputs[0]?.data).toEqual([3]);
    const passed = await post(`${pair.url}/predict`, BODY, { [FORWARDED_HEADER]: 'linear-x' });
    expect(passed.headers.get(REVISION_HEADER)).toBe(STABLE);
    await post(`${pair.url}/predict`, BODY, { [FORWARDED_HEADER]: 'x', [FORWARDED_TOKEN_HEADER]: TOKEN });
    await sleep(50);
    const after = await pair.rollout();
    expect([after.stable, after.forwarded, after.copied]).toEqual([
      before.stable,
      before.forwarded,
      before.copied,
    ]);
    // The same without a version is the candidate's.
    expect((await infer('')).body.outputs[0]?.data).toEqual([6]);
    await pair.change({ weight: 0, shadow: 0 });
  });

  test('a pod of the candidate passes what it gets to the stable revision, and closes', async () => {
    await pair.write({ stable: { revision: STABLE, number: 1, url: pair.url } });
    await until(
      async () => (await reportOf(pair.candidateUrl)).generation === (await pair.report()).generation,
    );
    const answer = await post(`${pair.candidateUrl}/predict`, BODY);
    expect(answer.body['prediction']).toBe(7);
    expect(answer.headers.get(REVISION_HEADER)).toBe(STABLE);
    expect(answer.headers.get('connection')).toBe('close');
    expect((await reportOf(pair.candidateUrl)).weight).toBe(0);
  });
});

describe('what is counted', () => {
  test('each request counts once at the pod that the client asked, and by side', async () => {
    await using own = await Pair.start({ settings: { weight: 25 } });
    for (let i = 0; i < 40; i++) await post(`${own.url}/predict`, BODY);
    const line = 'http_requests_total{method="POST",path="/predict",status="200"}';
    expect(await own.metric(line)).toBe(40);
    expect(await metricOf(own.candidateUrl, line)).toBe(0);
    expect(await own.metric('predictions_total{outcome="value"}')).toBe(40);
    expect(await metricOf(own.candidateUrl, 'windlass_forwarded_received_total{status="200"}')).toBe(10);

    const report = await own.report();
    expect(report).toMatchObject({ revision: STABLE, generation: 2, weight: 25, shadow: 0 });
    expect(report.served).toMatchObject({ requests: 40, failures: {} });
    expect(report.served?.predictions).toEqual({ '5 to 10': 30, '10 to 20': 10 });
    expect(report.rollout).toMatchObject({
      candidate: CANDIDATE,
      number: 2,
      stable: { requests: 30, failures: {}, predictions: { '5 to 10': 30 } },
      forwarded: { requests: 10, failures: {}, predictions: { '10 to 20': 10 } },
    });
    const sum = (counts: readonly number[] | undefined) => counts?.reduce((total, one) => total + one, 0);
    expect(sum(report.rollout?.stable.latency.counts)).toBe(30);
    expect(sum(report.rollout?.forwarded.latency.counts)).toBe(10);

    expect(await own.metric('windlass_forwarded_total{target="candidate",outcome="ok"}')).toBe(10);
    expect(await own.metric('windlass_forwarded_duration_seconds_count{target="candidate"}')).toBe(10);
    expect(await own.metric('windlass_local_duration_seconds_count')).toBe(30);
    expect(await own.metric('windlass_traffic_weight')).toBe(25);
    expect(await own.metric('windlass_compared_predictions_total{by="stable",bin="5 to 10"}')).toBe(30);
    expect(await own.metric('windlass_compared_predictions_total{by="candidate",bin="10 to 20"}')).toBe(10);
    const bad = await post(`${own.url}/predict`, { x: 'no' });
    expect(bad.status).toBe(422);
    expect((await own.report()).served).toMatchObject({ requests: 41, failures: {} });
  });

  test('counts go on while the weight changes, begin anew with another candidate, and end without one', async () => {
    await using own = await Pair.start({ settings: { weight: 50 } });
    const ask = async () => {
      for (let i = 0; i < 10; i++) await post(`${own.url}/predict`, BODY);
    };
    await ask();
    await own.change({ weight: 100 });
    await ask();
    expect((await own.rollout()).forwarded.requests).toBe(15);
    await own.change({ number: 3 });
    expect(await own.rollout()).toMatchObject({
      number: 3,
      stable: { requests: 0 },
      forwarded: { requests: 0 },
    });
    await own.write({ candidate: undefined });
    const report = await own.report();
    expect([report.rollout, report.weight, report.served?.requests]).toEqual([undefined, 0, 20]);
    expect(await own.metric('windlass_traffic_weight')).toBe(0);
    // What Prometheus reads goes on.
    expect(await own.metric('windlass_forwarded_total{target="candidate",outcome="ok"}')).toBe(15);
  });
});
