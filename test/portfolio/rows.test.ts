import { expect, test } from 'vitest';
import { manifestSchema, referenceSchema } from '#contract/model-manifest.ts';
import { isKept, isWhole, requestRow } from './rows.ts';

const input = { type: 'float32', shape: [null, 1] };
const MANIFEST = manifestSchema.parse({
  formatVersion: 1,
  name: 'cars',
  version: '1',
  task: 'regression',
  files: { 'model.onnx': { sha256: 'a'.repeat(64), size: 1 } },
  inputs: [
    { name: 'year', ...input, range: { min: 1990 } },
    { name: 'miles', ...input, required: false },
    { name: 'fuel', ...input, type: 'string', required: false },
  ],
  outputs: [{ name: 'price', ...input }],
});
const REFERENCE = referenceSchema.parse({
  formatVersion: 1,
  rows: 2,
  features: { miles: { kind: 'numeric', edges: [0, 9], counts: [2], under: 0, over: 0, missing: 0 } },
});

test('a request has what the model takes, as its types, without what is missing', () => {
  expect(requestRow({ year: '2011', miles: 'NaN', fuel: ' NA ', price: '9' }, MANIFEST)).toEqual({
    year: 2011,
    fuel: 'NA',
  });
});

test('a request lacks nothing that is required, and is within the ranges', () => {
  const whole = [{ year: 1990 }, { year: 1989 }, { miles: 3 }].map((row) => isWhole(row, MANIFEST));
  expect(whole).toEqual([true, false, false]);
});

test('rows that training left out are known by what the reference never saw', () => {
  const kept = [{ miles: 9 }, { miles: 10 }, {}].map((row) => isKept(row, REFERENCE));
  expect(kept).toEqual([true, false, false]);
});
