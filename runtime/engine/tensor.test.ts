import { expect, test } from 'vitest';
import { freeMemory } from './tensor.ts';

const LARGE = 32 * 1024;

test('memory is given back whole, large, and of its owner alone', () => {
  const own = new Float32Array(LARGE);
  freeMemory(own);
  expect(own.length).toBe(0);

  const padded = Buffer.allocUnsafeSlow(LARGE + 5).subarray(5);
  freeMemory(padded);
  expect(padded.length).toBe(0);

  const small = new Uint8Array(100);
  freeMemory(small);
  expect(small.length).toBe(100);

  const shared = new Uint8Array(4 * LARGE);
  freeMemory(shared.subarray(0, 2 * LARGE));
  expect(shared.length).toBe(4 * LARGE);
});
