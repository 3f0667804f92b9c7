import { expect, it } from 'vitest';
import { duration } from './duration.ts';

it.each([
  [9.96, 1, '10.0 s'],
  [27.66, 1, '27.7 s'],
  [42.4, 0, '42 s'],
  [61.2, 1, '1 min 1 s'],
  [119.7, 0, '2 min 0 s'],
])('says %d s with %d decimals as %s', (seconds, decimals, text) => {
  expect(duration(seconds, decimals)).toBe(text);
});
