import { describe, expect, test } from 'vitest';
import type { ForwardOutcome } from './outcome.ts';
import { Rest } from './rest.ts';

/** Asks one request after another, a ms apart, which end so; gives what a next request gets. */
function after(...outcomes: readonly ForwardOutcome[]): { readonly rest: Rest; readonly now: number } {
  const rest = new Rest();
  let now = 0;
  for (const outcome of outcomes) {
    const permit = rest.begin(++now);
    if (permit !== undefined) rest.ended(permit, outcome, now);
  }
  return { rest, now };
}

describe('a target rests', () => {
  test.each<[string, readonly ForwardOutcome[], boolean]>([
    ['after one connection that could not be made', ['connect'], true],
    ['not after one deadline', ['timeout'], false],
    ['after two deadlines in a row', ['timeout', 'timeout'], true],
    ['not after two deadlines with an answer between', ['timeout', 'ok', 'timeout'], false],
    ['not after two resets', ['reset', 'reset'], false],
    ['after three resets in a row', ['reset', 'reset', 'reset'], true],
    ['after a reset and a deadline', ['reset', 'timeout'], true],
    ['never for answers of 500', ['server_error', 'server_error', 'server_error', 'server_error'], false],
    ['never for refusals', ['throttled', 'rejected', 'malformed', 'too_large'], false],
  ])('%s', (_, outcomes, resting) => {
    const { rest, now } = after(...outcomes);
    expect(rest.begin(now) === undefined).toBe(resting);
  });
});

test('one request at a time asks a resting target, at first after 250 ms', () => {
  const { rest, now } = after('connect');
  expect(rest.begin(now + 249)).toBeUndefined();
  expect(rest.begin(now + 250)).toEqual({ probe: true });
  expect(rest.begin(now + 250)).toBeUndefined();
});

test('an answer to the probe, of whatever kind, ends the rest', () => {
  const { rest, now } = after('connect');
  rest.ended({ probe: true }, 'server_error', now + 260);
  expect(rest.begin(now + 260)).toEqual({ probe: false });
});

test('each probe that fails doubles the rest, up to two seconds, and an answer makes it short again', () => {
  const { rest, now } = after('timeout', 'timeout');
  let at = now;
  const rests: number[] = [];
  for (let i = 0; i < 6; i++) {
    const from = at;
    while (rest.begin(at) === undefined) at++;
    rests.push(at - from);
    rest.ended({ probe: true }, 'timeout', at);
  }
  expect(rests).toEqual([250, 500, 1000, 2000, 2000, 2000]);
  rest.ended({ probe: false }, 'ok', at);
  rest.ended({ probe: false }, 'connect', at);
  expect([rest.begin(at + 249), rest.begin(at + 250)]).toEqual([undefined, { probe: true }]);
});

test('requests from before the rest neither lengthen it nor take the place of the probe', () => {
  const { rest, now } = after('timeout', 'timeout');
  for (let i = 0; i < 20; i++) rest.ended({ probe: false }, 'timeout', now + 200);
  expect(rest.begin(now + 250)).toEqual({ probe: true });
  rest.ended({ probe: false }, 'timeout', now + 260);
  expect(rest.begin(now + 260)).toBeUndefined();
});
