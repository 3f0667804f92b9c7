import { expect, it } from 'vitest';
import { KubeError } from '#operator/kube/index.ts';
import type { KubeErrorKind } from '#operator/kube/index.ts';
import { outcomeOf } from './outcome.ts';

it.each([
  ['conflict', 2000, 'debug'],
  ['alreadyExists', 2000, 'debug'],
  ['gone', 2000, 'debug'],
  ['notFound', 5000, 'debug'],
  ['transient', 5000, 'warn'],
  ['forbidden', 300_000, 'error'],
  ['invalid', 300_000, 'error'],
  ['terminal', 300_000, 'error'],
] satisfies readonly (readonly [KubeErrorKind, number, string])[])(
  'an error of kind %s waits at most %i ms and is logged as %s',
  (kind, maxMs, level) => {
    expect(outcomeOf(new KubeError(kind, 'said so'))).toMatchObject({
      level,
      backoff: { maxMs },
      retryAfterMs: 0,
    });
  },
);

it('waits as long as the server asks, up to a minute', () => {
  const asked = (retryAfterMs: number): number =>
    outcomeOf(new KubeError('transient', 'busy', { retryAfterMs })).retryAfterMs;
  expect([asked(1500), asked(3_600_000)]).toEqual([1500, 60_000]);
});

it('treats an error that nobody expected as loud and retries it within a minute', () => {
  expect(outcomeOf(new TypeError('undefined is not a function'))).toMatchObject({
    level: 'error',
    backoff: { maxMs: 60_000 },
  });
});
