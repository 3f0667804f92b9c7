import { describe, expect, test } from 'vitest';
import type { Manifest } from '#contract/model-manifest.ts';
import { manifestSchema } from '#contract/model-manifest.ts';
import { classifierBundle } from '#runtime/testing.ts';
import { compileComparison, type ComparedAnswer, type Protocol } from './compare.ts';
import { agrees, type Difference } from './difference.ts';

const MANIFEST: Manifest = manifestSchema.parse(
  JSON.parse(
    Buffer.from(
      classifierBundle({
        response: {
          predict: {
            probability: { from: 'probability' },
            prediction: { from: 'prediction' },
            risk: { from: 'band' },
            all: { from: 'probabilities' },
            raw: { from: 'output', name: 'probabilities' },
            model_version: { from: 'version' },
            at: { from: 'timestamp' },
            took: { from: 'durationMs' },
            by: { from: 'revision' },
          },
          batch: { request: 'customers', predictions: 'rows', limit: 9, fields: { model: { from: 'name' } } },
        },
      }).get('model.json') ?? [],
    ).toString(),
  ),
);
const OUTPUTS = [{ name: 'probabilities', type: 'float32' as const, shape: [null, 2] }];
const answer = (value: unknown): ComparedAnswer => ({
  body: typeof value === 'string' ? value : JSON.stringify(value),
  jsonLength: undefined,
});
const compared = (protocol: Protocol, own: unknown, other: unknown): Difference =>
  compileComparison({ manifest: MANIFEST, outputs: OUTPUTS }, protocol)(answer(own), answer(other));

const ROW = {
  probability: 0.5,
  prediction: 1,
  risk: 'MEDIUM',
  all: { stays: 0.5, leaves: 0.5 },
  raw: [0.5, 0.5],
  model_version: '7',
  at: '2026-01-01T00:00:00.000Z',
  took: 1.5,
  by: 'a',
};
const NOT_THE_MODELS = { model_version: '8', at: '2027-01-01T00:00:00.000Z', took: 900, by: 'b', more: [1] };

describe('two answers to /predict', () => {
  test.each<[string, unknown, number, boolean]>([
    ['are the same', ROW, 0, true],
    ['may differ in times, versions and names', { ...ROW, ...NOT_THE_MODELS }, 0, true],
    ['may differ within the tolerance', { ...ROW, probability: 0.50005 }, 5e-5, true],
    ['differ beyond it', { ...ROW, probability: 0.51 }, 0.01, false],
    ['differ in one of many numbers', { ...ROW, all: { stays: 0.5, leaves: 0.7 } }, 0.2, false],
    ['differ in a raw output', { ...ROW, raw: [0.5, 0.6] }, 0.1, false],
    ['differ by a class', { ...ROW, prediction: 0 }, 1, false],
    ['differ by a band, however close the numbers', { ...ROW, risk: 'HIGH' }, 1, false],
    ['differ where a field lacks', { ...ROW, probability: undefined }, Infinity, false],
    ['differ where a number is none', { ...ROW, probability: null }, Infinity, false],
    ['differ in length', { ...ROW, raw: [0.5] }, Infinity, false],
    ['differ in labels', { ...ROW, all: { stays: 0.5, goes: 0.5 } }, Infinity, false],
    ['cannot be compared as a list', [ROW], Infinity, false],
    ['cannot be compared as text', 'nonsense', Infinity, false],
    ['cannot be compared as an error', { error: 'no' }, Infinity, false],
  ])('%s', (_, other, greatest, same) => {
    const difference = compared('predict', ROW, other);
    expect(difference.greatest).toBeCloseTo(greatest, 9);
    expect(agrees(difference, 1e-4)).toBe(same);
  });

  test('large numbers are compared by their share of the greater one', () => {
    const manifest: Manifest = { ...MANIFEST, task: 'regression', response: undefined };
    const compare = compileComparison({ manifest, outputs: OUTPUTS }, 'predict');
    const difference = compare(answer({ prediction: 200_000 }), answer({ prediction: 199_000 }));
    expect(difference).toEqual({ greatest: 0.005, changed: false });
  });
});

describe('two answers to /predict_batch', () => {
  const batch = (rows: readonly unknown[], model = 'Leavers') => ({ rows, model });
  test.each<[string, unknown, number]>([
    ['are compared row by row', batch([ROW, { ...ROW, ...NOT_THE_MODELS }], 'Others'), 0],
    ['differ as their worst row does', batch([ROW, { ...ROW, probability: 0.75 }]), 0.25],
    ['of another number of rows are different', batch([ROW]), Infinity],
    ['without rows are different', { model: 'Leavers' }, Infinity],
  ])('%s', (_, other, greatest) => {
    expect(compared('batch', batch([ROW, ROW]), other).greatest).toBe(greatest);
  });
});

describe('two answers to V2', () => {
  const v2 = (outputs: readonly unknown[], more: object = {}) => ({ model_name: 'a', ...more, outputs });
  const floats = { name: 'p', datatype: 'FP32', shape: [2, 1], data: [0.25, 0.75] };
  const labels = { name: 'label', datatype: 'INT64', shape: [2], data: [100_000, 7] };
  const texts = { name: 'text', datatype: 'BYTES', shape: [1], data: ['yes'] };
  const own = v2([floats, labels, texts], { model_version: '1', id: 'q' });

  test.each<[string, unknown, number, boolean]>([
    [
      'may come in another order, by another version',
      v2([texts, labels, floats], { model_version: '2' }),
      0,
      true,
    ],
    ['differ in a number', v2([{ ...floats, data: [0.25, 0.85] }, labels, texts]), 0.1, false],
    ['are exact in whole numbers', v2([floats, { ...labels, data: [100_001, 7] }, texts]), 1, false],
    ['are exact in texts', v2([floats, labels, { ...texts, data: ['no'] }]), 1, false],
    ['of another shape are different', v2([{ ...floats, shape: [1, 2] }, labels, texts]), Infinity, false],
    ['with an output less are different', v2([floats, labels]), Infinity, false],
    ['with another output are different', v2([floats, labels, { ...texts, name: 'other' }]), Infinity, false],
    ['without outputs are different', { error: 'no' }, Infinity, false],
  ])('%s', (_, other, greatest, same) => {
    const difference = compared('v2', own, other);
    expect(difference.greatest).toBeCloseTo(greatest, 9);
    expect(agrees(difference, 1e-4)).toBe(same);
  });

  const binary = (values: readonly number[], size = 4 * values.length): ComparedAnswer => {
    const output = {
      name: 'p',
      datatype: 'FP32',
      shape: [values.length],
      parameters: { binary_data_size: size },
    };
    const json = Buffer.from(JSON.stringify(v2([output])));
    const bytes = new Uint8Array(Float32Array.from(values).buffer);
    return { body: json, tail: [bytes], jsonLength: json.length };
  };
  const whole = ({ body, tail = [], jsonLength }: ComparedAnswer): ComparedAnswer => ({
    body: Buffer.concat([Buffer.from(body), ...tail]),
    jsonLength,
  });
  const compare = compileComparison({ manifest: MANIFEST, outputs: OUTPUTS }, 'v2');

  test('as binary data are compared element by element, NaN with NaN', () => {
    expect(compare(binary([1, NaN, 0.5]), whole(binary([1, NaN, 0.5]))).greatest).toBe(0);
    expect(compare(binary([1, NaN, 0.5]), whole(binary([1, NaN, 0.75]))).greatest).toBe(0.25);
    expect(compare(binary([1, 1]), whole(binary([1, NaN]))).greatest).toBe(Infinity);
  });

  test('as binary data that is cut short are different', () => {
    expect(compare(binary([1, 2]), whole(binary([1, 2], 4))).greatest).toBe(Infinity);
    expect(compare(binary([1]), answer('{')).greatest).toBe(Infinity);
  });
});
