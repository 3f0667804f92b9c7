import { expect, test } from 'vitest';
import { FailureError } from '#contract/failure.ts';
import { Chooser, type Source } from './source.ts';

const source = (name: Source['name']): Source => ({
  name,
  async *read() {
    yield Buffer.alloc(0);
  },
});
const s3 = source('s3');
const peer = source('peer');
const away = new FailureError('SourceUnavailable', 'it is away', { transient: true });
const denied = new FailureError('AccessDenied', 'keys are wrong');

function setUp(sources: readonly Source[] = [s3, peer]) {
  let now = 0;
  const chooser = new Chooser(sources, {
    pauseMs: 500,
    maxPauseMs: 10_000,
    giveUpMs: 60_000,
    now: () => now,
  });
  return {
    chooser,
    later: (ms: number) => {
      now += ms;
    },
    /** Lets the next source fail; gives its name and how long was waited for it. */
    fail: (failure: FailureError): readonly [string, number] => {
      const { source: chosen, waitMs } = chooser.choose();
      now += waitMs;
      chooser.failed(chosen, failure, now);
      return [chosen.name, waitMs];
    },
  };
}

test('S3 comes first, a peer at once after it, then each in turn with growing pauses', () => {
  const { fail } = setUp();
  expect(Array.from({ length: 6 }, () => fail(away))).toEqual([
    ['s3', 0],
    ['peer', 0],
    ['s3', 500],
    ['peer', 0],
    ['s3', 1000],
    ['peer', 0],
  ]);
});

test('reads that fail together count once', () => {
  const { chooser, later } = setUp([s3]);
  const { chosenAt } = chooser.choose();
  for (let read = 0; read < 8; read += 1) chooser.failed(s3, away, chosenAt);
  later(500);
  expect(chooser.choose().waitMs).toBe(0);
});

test('progress forgives what was before', () => {
  const { chooser, fail, later } = setUp([s3]);
  for (let tries = 0; tries < 5; tries += 1) fail(away);
  chooser.succeeded(s3);
  later(59_000);
  expect(chooser.choose()).toMatchObject({ source: s3, waitMs: 0 });
});

test('time in which nothing was asked for is no failure', () => {
  const { chooser, later } = setUp();
  later(3_600_000);
  expect(chooser.choose()).toMatchObject({ source: s3, waitMs: 0 });
});

test('gives up after the time without progress, with the causes of all sources', () => {
  const { chooser, fail, later } = setUp();
  fail(away);
  fail(new FailureError('SourceUnavailable', 'no pod is ready', { transient: true }));
  later(60_001);
  expect(() => chooser.choose()).toThrow('nothing has come for 60 s. s3: it is away peer: no pod is ready');
});

test('gives up early where S3 refuses for good and no peer is there', () => {
  const { chooser, fail, later } = setUp();
  for (let tries = 0; tries < 8; tries += 1) fail(tries % 2 === 0 ? denied : away);
  later(1);
  expect(() => chooser.choose()).toThrow(/s3: keys are wrong peer: it is away/);
});

test('refusals of S3 alone are tried three times, since credentials may be rotating', () => {
  const { chooser, fail } = setUp([s3]);
  for (let tries = 0; tries < 3; tries += 1) fail(denied);
  expect(() => chooser.choose()).toThrow(FailureError);
});
