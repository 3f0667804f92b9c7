import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodePredictions, encodePredictions } from './predictions-header.ts';

test('predictions come through the header with six digits', () => {
  const prediction = fc.record({
    outcome: fc.string(),
    value: fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
  });
  fc.assert(
    fc.property(fc.array(prediction, { maxLength: 50 }), (predictions) => {
      const header = encodePredictions(predictions);
      expect(header).toMatch(/^[A-Za-z0-9+/=]*$/);
      const decoded = decodePredictions(header);
      expect(decoded.map(({ outcome }) => outcome)).toEqual(predictions.map(({ outcome }) => outcome));
      for (const [i, { value }] of predictions.entries()) {
        expect(Math.abs((decoded[i]?.value ?? NaN) - value)).toBeLessThanOrEqual(1e-5 * Math.abs(value));
      }
    }),
  );
});

test('predictions without number still make a header that a client takes', () => {
  const many = Array.from({ length: 200_000 }, (_, i) => ({ outcome: String(i % 50), value: -i / 7e20 }));
  const header = encodePredictions(many);
  expect(header.length).toBeLessThan(1024 * 1024);
  expect(decodePredictions(header).length).toBe(30_000);
});

test.each([
  undefined,
  '',
  'nonsense',
  'bnVsbA==',
  Buffer.from('{"outcomes":["a"],"rows":[[7,1],[0],["0",1],null]}').toString('base64'),
])('a header of another release counts nothing: %s', (header) => {
  expect(decodePredictions(header)).toEqual([]);
});
