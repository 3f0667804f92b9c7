import { expect, test } from 'vitest';
import type { Traffic } from '#contract/traffic.ts';
import { destinationOf, fromPod, isStable, splitWith } from './decision.ts';
import { judgeStatus } from './outcome.ts';

const TRAFFIC: Traffic = {
  formatVersion: 1,
  generation: 4,
  stable: { revision: 'churn-b', number: 2, url: 'http://churn-b.churn.svc:8080' },
};
const CANDIDATE = {
  ...TRAFFIC.stable,
  revision: 'churn-c',
  weight: 5,
  shadow: 0,
  deadlineMs: 1000,
  tolerance: 0,
};
const SPLIT: Traffic = { ...TRAFFIC, candidate: CANDIDATE };
const PLAIN = { forwarded: false, versioned: false };

test.each([
  ['the stable pod answers itself', 'churn-b', TRAFFIC, PLAIN, 'local'],
  ['another pod passes on', 'churn-a', TRAFFIC, PLAIN, 'stable'],
  ['but not what was passed on already', 'churn-a', TRAFFIC, { ...PLAIN, forwarded: true }, 'local'],
  ['nor what names a version', 'churn-a', TRAFFIC, { ...PLAIN, versioned: true }, 'local'],
  ['without a traffic file a pod answers itself', 'churn-a', undefined, PLAIN, 'local'],
  ['without a revision too', undefined, TRAFFIC, PLAIN, 'local'],
] as const)('%s', (_, revision, traffic, asked, kind) => {
  expect(destinationOf(revision, traffic, asked, () => true)).toBe(kind);
});

test.each([
  ['a stable pod splits', 'churn-b', SPLIT, PLAIN, 'candidate', 'kept'],
  ['but not what was passed on already', 'churn-b', SPLIT, { ...PLAIN, forwarded: true }, 'local', 'local'],
  ['nor what names a version', 'churn-b', SPLIT, { ...PLAIN, versioned: true }, 'local', 'local'],
  ['a pod of the candidate passes on to the stable one', 'churn-c', SPLIT, PLAIN, 'stable', 'stable'],
  ['so does one that was stable before', 'churn-a', SPLIT, PLAIN, 'stable', 'stable'],
  ['a pod without a revision knows no split', undefined, SPLIT, PLAIN, 'local', 'local'],
  [
    'nobody splits with itself',
    'churn-b',
    { ...SPLIT, candidate: { ...CANDIDATE, revision: 'churn-b' } },
    PLAIN,
    'local',
    'local',
  ],
] as const)('%s', (_, revision, traffic, asked, taken, left) => {
  expect(destinationOf(revision, traffic, asked, () => true)).toBe(taken);
  expect(destinationOf(revision, traffic, asked, () => false)).toBe(left);
});

test('only stable pods share with the candidate', () => {
  const shares = ['churn-a', 'churn-b', 'churn-c', undefined].map((pod) => splitWith(pod, SPLIT)?.revision);
  expect(shares).toEqual([undefined, 'churn-c', undefined, undefined]);
});

test('a pod without a file or a revision counts as stable', () => {
  expect([
    isStable('a', undefined),
    isStable(undefined, TRAFFIC),
    isStable('churn-b', TRAFFIC),
    isStable('churn-a', TRAFFIC),
  ]).toEqual([true, true, true, false]);
});

test.each([
  [200, 'answer'],
  [204, 'answer'],
  [302, 'server_error'],
  [400, 'compare'],
  [422, 'compare'],
  [429, 'throttled'],
  [500, 'server_error'],
  [503, 'server_error'],
])('status %i is %s', (status, verdict) => {
  expect(judgeStatus(status)).toBe(verdict);
});

test.each([
  [
    'with the token of the file',
    { ...TRAFFIC, token: 'secret-of-16-chars' },
    true,
    'secret-of-16-chars',
    true,
  ],
  ['with another token', { ...TRAFFIC, token: 'secret-of-16-chars' }, true, 'guess', false],
  ['without a token', { ...TRAFFIC, token: 'secret-of-16-chars' }, true, undefined, false],
  ['where the file has no token', TRAFFIC, true, undefined, true],
  ['where there is no file', undefined, true, undefined, false],
  ['that was not passed on', TRAFFIC, false, undefined, false],
] as const)('a request %s comes from a pod: see the answer', (_, traffic, forwarded, token, expected) => {
  expect(fromPod(traffic, { forwarded, token })).toBe(expected);
});
