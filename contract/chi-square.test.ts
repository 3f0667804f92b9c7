import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { chiSquareQuantile, chiSquareTail } from './chi-square.ts';

// Upper percentage points as in the NIST/SEMATECH handbook 1.3.6.7.4, and R's qchisq(lower.tail = FALSE) for the rest.
test.each([
  [0.1, 1, 2.706],
  [0.05, 1, 3.841],
  [0.05, 2, 5.991],
  [0.01, 5, 15.086],
  [0.05, 10, 18.307],
  [0.001, 10, 29.588],
  [0.001, 1, 10.828],
  [0.01, 30, 50.892],
  [0.001, 100, 149.449],
  [0.5, 2, 1.386],
])('a variable exceeds its quantile with probability %d: %d degrees give %d', (tail, degrees, quantile) => {
  expect(chiSquareQuantile(tail, degrees)).toBeCloseTo(quantile, 3);
});

test('two degrees are the exponential distribution', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 0.999, noNaN: true }), (tail) => {
      expect(chiSquareQuantile(tail, 2)).toBeCloseTo(-2 * Math.log(tail), 8);
    }),
  );
});

test('four degrees have the tail of a sum of two exponentials, on either side of the mean', () => {
  for (const x of [0.01, 0.5, 2, 4, 5.99, 6.01, 10, 40, 80]) {
    const exact = Math.exp(-x / 2) * (1 + x / 2);
    expect(chiSquareTail(x, 4) / exact).toBeCloseTo(1, 10);
  }
});

test('the quantile is the inverse of the tail, for as many degrees as a feature has bins', () => {
  const tail = fc.double({ min: 1e-8, max: 0.99, noNaN: true });
  fc.assert(
    fc.property(tail, fc.integer({ min: 1, max: 1002 }), (probability, degrees) => {
      expect(chiSquareTail(chiSquareQuantile(probability, degrees), degrees) / probability).toBeCloseTo(1, 6);
    }),
  );
});
