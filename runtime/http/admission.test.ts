import { expect, test } from 'vitest';
import { Admission, type Period } from './admission.ts';

const IDLE = { turnMs: 0, turnBeforeMs: 0, backlogMs: 0, runMs: 1, crowd: 500 };

function busy(p99: number, utilization = 0.7, inFlightPerConnection = 0.05): Period {
  return {
    utilization,
    inFlightPerConnection,
    connections: 200,
    latenciesMs: Array.from({ length: 200 }, (_, i) => (i < 196 ? 1 : p99)),
  };
}

/** Whether each of the requests, one a millisecond with this backlog, is refused. */
function offer(admission: Admission, from: number, count: number, backlogMs: number): readonly boolean[] {
  return Array.from(
    { length: count },
    (_, i) => admission.refuse(from + i, { ...IDLE, backlogMs }) !== undefined,
  );
}

test('a burst that passes within 100 ms is taken whole', () => {
  const admission = new Admission({ maxWaitMs: 200 });
  expect(offer(admission, 0, 90, 5000)).not.toContain(true);
  expect(offer(admission, 90, 300, 10)).not.toContain(true);
  expect(offer(admission, 390, 90, 5000)).not.toContain(true);
});

test('where the wait stays too long, the newest are refused, and those that would wait less are not', () => {
  const admission = new Admission({ maxWaitMs: 200 });
  const refused = offer(admission, 0, 200, 201);
  expect(refused.indexOf(true)).toBe(100);
  expect(refused.slice(100)).not.toContain(false);
  expect(admission.refuse(200, { ...IDLE, backlogMs: 199 })).toBeUndefined();
  // A lull does not end it: the next that would wait too long goes at once.
  expect(admission.refuse(500, { ...IDLE, backlogMs: 201 })).toBe(201);
  // After seconds of peace a burst is a burst again.
  expect(admission.refuse(6000, IDLE)).toBeUndefined();
  expect(admission.refuse(6001, { ...IDLE, backlogMs: 201 })).toBeUndefined();
});

test('as long as some would wait less, nobody is refused', () => {
  const admission = new Admission({ maxWaitMs: 200 });
  for (let now = 0; now < 1000; now += 10) {
    const backlogMs = now % 50 === 0 ? 199 : 500;
    expect(admission.refuse(now, { ...IDLE, backlogMs })).toBeUndefined();
  }
});

test('time in the socket and in this turn of the event loop counts as waiting', () => {
  const admission = new Admission({ maxWaitMs: 50 });
  const load = { turnMs: 20, turnBeforeMs: 21, backlogMs: 10, runMs: 1, crowd: 500 };
  for (let now = 0; now < 100; now++) expect(admission.refuse(now, load)).toBeUndefined();
  expect(admission.refuse(100, load)).toBe(51);
});

test('as many as a quick model answers in a moment are not refused by what was learned, but by the longest wait', () => {
  const admission = new Admission({ maxWaitMs: 200 });
  admission.learn(busy(3));
  expect(admission.limitMs({ runMs: 1, crowd: 129 })).toBe(6);
  expect(admission.limitMs({ runMs: 1, crowd: 128 })).toBe(200);
});

test('a machine that stands still for seconds is no overload by the few requests that come', () => {
  const admission = new Admission({ maxWaitMs: 200 });
  const stalled = { turnMs: 0, turnBeforeMs: 2000, backlogMs: 0, runMs: 1, crowd: 50 };
  for (let now = 0; now < 20_000; now += 2000) expect(admission.refuse(now, stalled)).toBeUndefined();
});

test('where a run takes long, a few of them may be waited for', () => {
  const admission = new Admission({ maxWaitMs: 200 });
  expect(admission.limitMs({ runMs: 5000, crowd: 500 })).toBe(20_000);
  admission.learn(busy(6000));
  expect(admission.limitMs({ runMs: 5000, crowd: 500 })).toBe(12_000);
});

test('overload teaches nothing while requests are refused', () => {
  const admission = new Admission({ maxWaitMs: 200 });
  admission.learn(busy(9, 0.99));
  offer(admission, 0, 200, 500);
  for (let i = 0; i < 20; i++) admission.learn(busy(90, 0.99));
  expect(admission.limitMs({ runMs: 1, crowd: 500 })).toBe(18);
  admission.refuse(6000, IDLE);
  for (let i = 0; i < 20; i++) admission.learn(busy(12, 0.99));
  expect(admission.limitMs({ runMs: 1, crowd: 500 })).toBe(24);
});

test.each<[string, readonly Period[], number]>([
  ['nothing yet', [], 200],
  ['a busy period with 99 of 100 below 9 ms', [busy(9)], 18],
  ['a slow model, whose limit stays the longest wait', [busy(150)], 200],
  ['a fast one, whose limit has a floor', [busy(0.5)], 5],
  ['idle periods teach nothing: a burst there is no overload', [busy(9, 0.2)], 200],
  ['nor clients that only wait for answers', [busy(9, 0.7, 0.8)], 200],
  ['nor a few clients', [{ ...busy(9), connections: 8 }], 200],
  ['nor a handful of requests', [{ ...busy(9), latenciesMs: [1, 2, 3] }], 200],
  ['an odd period counts for nothing', [busy(10), busy(90), busy(11)], 22],
  ['what changed for good counts', [...Array(15).fill(busy(10)), ...Array(8).fill(busy(20))], 40],
])('the limit learns from %s', (_, periods, limitMs) => {
  const admission = new Admission({ maxWaitMs: 200 });
  for (const period of periods) admission.learn(period);
  expect(admission.limitMs({ runMs: 1, crowd: 500 })).toBeCloseTo(limitMs, 5);
});
