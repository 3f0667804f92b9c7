import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TensorType } from '#contract/model-manifest.ts';
import type { TensorData } from '#runtime/engine/tensor.ts';
import type { Problem } from '../errors.ts';
import type { ElementRule } from '../scalar.ts';
import { readBinary, writeBinary } from './index.ts';

const read = (
  bytes: Uint8Array,
  type: TensorType,
  dims: readonly number[],
  rule?: ElementRule,
): TensorData | string => {
  const problems: Problem[] = [];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = readBinary(buffer, { type, dims, ...(rule === undefined ? {} : { rule }) }, [], problems);
  const [problem] = problems;
  return data ?? `${problem?.path.join('.')}: ${problem?.message}`;
};

const SAMPLES: readonly (readonly [TensorType, TensorData])[] = [
  ['bool', Uint8Array.of(0, 1)],
  ['uint8', Uint8Array.of(0, 255)],
  ['uint16', Uint16Array.of(1, 65535)],
  ['uint32', Uint32Array.of(1, 4294967295)],
  ['uint64', BigUint64Array.of(1n, 2n ** 64n - 1n)],
  ['int8', Int8Array.of(-128, 127)],
  ['int16', Int16Array.of(-32768, 1)],
  ['int32', Int32Array.of(-1, 2 ** 31 - 1)],
  ['int64', BigInt64Array.of(-(2n ** 63n), 1n)],
  ['float16', Float16Array.of(-1.5, 65504)],
  ['float32', Float32Array.of(NaN, -Infinity)],
  ['float64', Float64Array.of(-0, 1e300)],
  ['string', ['', 'Grüße "\n']],
];

test.each(SAMPLES)('%s is read as it was written, wherever it lies', (type, data) => {
  const bytes = writeBinary({ type, dims: [2], data });
  for (const offset of [0, 1, 3, 4]) {
    const whole = new Uint8Array(offset + bytes.byteLength);
    whole.set(bytes, offset);
    expect(read(whole.subarray(offset), type, [2])).toEqual(data);
  }
});

test('aligned numbers are a view of the bytes, not a copy', () => {
  const bytes = new Uint8Array(16);
  const data = read(bytes.subarray(8), 'float32', [1, 2]);
  expect(typeof data === 'object' && 'buffer' in data && data.buffer === bytes.buffer).toBe(true);
});

test('any texts come back, and any bytes are texts or refused', () => {
  const wellFormed = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(wellFormed, { maxLength: 5 }), (texts) => {
      const bytes = writeBinary({ type: 'string', dims: [texts.length], data: texts });
      expect(read(bytes, 'string', [texts.length])).toEqual(texts);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), fc.nat(5), (bytes, count) => {
      const data = read(bytes, 'string', [count]);
      if (Array.isArray(data))
        expect(writeBinary({ type: 'string', dims: [count], data })).toEqual(Buffer.from(bytes));
    }),
  );
});

describe('bytes that do not fit are refused with the reason', () => {
  test.each<[string, TensorType, readonly number[], readonly number[], string]>([
    [
      'too few',
      'float32',
      [1, 2],
      [0, 0, 0, 0],
      ': has 4 bytes of binary data; shape [1, 2] of float32 takes 8',
    ],
    ['too many', 'uint8', [1], [0, 0], ': has 2 bytes of binary data; shape [1] of uint8 takes 1'],
    ['a shape beyond memory', 'float64', [2 ** 40, 2 ** 40], [0], ': has 1 bytes of binary data; shape'],
    ['a bool of 2', 'bool', [3], [1, 0, 2], '2: must be true or false, got number 2'],
    ['not UTF-8', 'string', [1], [2, 0, 0, 0, 0xc3, 0x28], '0: is not UTF-8'],
    ['half a surrogate pair', 'string', [1], [3, 0, 0, 0, 0xed, 0xa0, 0x80], '0: is not UTF-8'],
    ['NUL', 'string', [2], [0, 0, 0, 0, 1, 0, 0, 0, 0], '1: holds a NUL character'],
    ['a length beyond the end', 'string', [1], [9, 0, 0, 0, 65], "0: goes beyond the tensor's 5 bytes"],
    ['half a length', 'string', [2], [4, 0, 0, 0, 65, 65, 65, 65, 1], "1: goes beyond the tensor's 9 bytes"],
    ['more strings than bytes', 'string', [2 ** 40], [0, 0, 0, 0], '0: has 4 bytes, too few'],
    ['bytes left over', 'string', [1], [0, 0, 0, 0, 1], '1: is followed by 1 bytes'],
  ])('%s', (_, type, dims, bytes, problem) => {
    expect(read(Uint8Array.from(bytes), type, dims)).toContain(problem);
  });
});

describe("an element that is a feature's whole value", () => {
  const floats = (...values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
  const adult = (value: unknown) =>
    Number(value) < 18 ? `must be at least 18, got ${Number(value)}` : undefined;

  test.each<[string, readonly number[], ElementRule, string | readonly number[]]>([
    ['is judged by its limits', [20, 17], { feature: true, limits: adult }, '1: must be at least 18, got 17'],
    [
      'may be NaN where it may be missing',
      [NaN, 20],
      { feature: true, missing: NaN, limits: adult },
      [NaN, 20],
    ],
    ['may not be NaN where it is required', [NaN, 20], { feature: true }, '0: must be a number, got NaN'],
    ['is never infinite', [1, Infinity], { feature: true }, '1: is too large for float32: Infinity'],
  ])('%s', (_, values, rule, wanted) => {
    const data = read(floats(...values), 'float32', [2], rule);
    expect(typeof data === 'string' ? data : Array.from(data as Float32Array)).toEqual(wanted);
  });

  test('may be an empty text where it may be missing', () => {
    const limits = (value: unknown) =>
      value === '' || value === 'Spain' ? undefined : 'must be one of Spain';
    const bytes = (...data: string[]) => writeBinary({ type: 'string', dims: [2], data });
    expect(read(bytes('', 'Spain'), 'string', [2], { feature: true, limits })).toEqual(['', 'Spain']);
    expect(read(bytes('', 'Peru'), 'string', [2], { feature: true, limits })).toBe('1: must be one of Spain');
  });
});
