import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { tensorTypeSchema } from '#contract/model-manifest.ts';
import { elementProblem, numbersOf } from '../elements.ts';
import { takeNumberArray, type NumberArrayOptions } from './array.ts';
import { ByteReader } from './bytes.ts';
import { takeNumber } from './number.ts';

/** How many numbers are tried; more with WINDLASS_SCAN_DOCUMENTS (see scan.test.ts). */
const NUMBERS = Math.max(30_000, Number(process.env['WINDLASS_SCAN_DOCUMENTS'] ?? 0));

const digits = fc.array(fc.nat(9), { minLength: 1, maxLength: 24 }).map((list) => list.join(''));
/** A double and the texts around it, where rounding is hardest: its neighbours' midpoints and near misses. */
const near = fc
  .double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 })
  .chain((value) => fc.constantFrom(value, Math.fround(value)))
  .chain((value) => fc.nat(24).map((places) => value.toPrecision(Math.max(1, places))));
/** Halfway between two float32s, and a little off. */
const midpoint = fc
  .tuple(
    fc.float({ noNaN: true, noDefaultInfinity: true, min: 2 ** -60, max: 2 ** 60 }),
    fc.constantFrom('', '1', '0001'),
  )
  .map(([value, more]) => {
    const bits = new Uint32Array(Float32Array.of(value).buffer);
    const above = new Float32Array(Uint32Array.of((bits[0] ?? 0) + 1).buffer)[0] ?? value;
    const text = ((value + above) / 2).toPrecision(21);
    return text.includes('e') ? text : `${text}${more}`;
  });
const numberText = fc.oneof(
  near,
  midpoint,
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => (Object.is(value, -0) ? '-0' : String(value))),
  fc
    .tuple(digits, digits, fc.integer({ min: -30, max: 30 }))
    .map(([whole, fraction, power]) => `${whole.replace(/^0+(?=\d)/, '')}.${fraction}e${power}`),
  fc.tuple(digits, digits).map(([whole, fraction]) => `-${whole.replace(/^0+(?=\d)/, '')}.${fraction}`),
);

test('numbers are read as JSON.parse reads them, to the last bit', () => {
  fc.assert(
    fc.property(numberText, (text) => {
      const reader = new ByteReader(Buffer.from(`${text},`));
      const wanted: unknown = JSON.parse(text);
      const value = takeNumber(reader);
      expect(reader.at).toBe(text.length);
      if (!Object.is(value, wanted)) throw new Error(`${text} is read as ${value}`);
      const single = takeNumber(new ByteReader(Buffer.from(text)), 'float32');
      if (!Object.is(Math.fround(single), Math.fround(wanted as number)))
        throw new Error(`${text} is estimated as ${single}`);
    }),
    { numRuns: NUMBERS },
  );
}, 3_600_000);

test.each(['', '-', '01', '-01', '.5', '1.', '1e', '1e+', '+1', 'NaN', 'x'])('%j is no number', (text) => {
  expect(takeNumber(new ByteReader(Buffer.from(text)))).toBeNaN();
});

function arrayOf(text: string, options: NumberArrayOptions) {
  return takeNumberArray(new ByteReader(Buffer.from(text)), options);
}

test('an array is read where it stands', () => {
  const body = Buffer.from('{"data": [[1, 2.5],\n [3, -4e2]], "x": 1}');
  const reader = new ByteReader(body, body.indexOf(':') + 1);
  const array = takeNumberArray(reader, { type: 'float32' });
  expect(array).toEqual({ dims: [2, 2], data: Float32Array.of(1, 2.5, 3, -400) });
  expect(reader.at).toBe(body.indexOf(', "x"'));
});

test.each([
  ['int8', '[-128,127]', Int8Array.of(-128, 127)],
  ['uint8', '[0, 255.0]', Uint8Array.of(0, 255)],
  ['int64', '[-9007199254740991,1e3]', BigInt64Array.of(-9007199254740991n, 1000n)],
  ['uint64', '[-0]', BigUint64Array.of(0n)],
  ['float16', '[0.1,65519]', Float16Array.of(0.1, 65519)],
  ['float64', '[0.1,1e308]', Float64Array.of(0.1, 1e308)],
] as const)('%s: %s', (type, text, data) => {
  expect(arrayOf(text, { type })?.data).toEqual(data);
});

test.each([
  ['int8', '[128]'],
  ['uint8', '[-1]'],
  ['int32', '[1.5]'],
  ['int64', '[9007199254740992]'],
  ['float16', '[65520]'],
  ['float32', '[3.5e38]'],
  ['float64', '[1e309]'],
  ['bool', '[1]'],
  ['string', '["a"]'],
  ['float32', '[]'],
  ['float32', '[1'],
  ['float32', '[[1],2]'],
  ['float32', '[1,[2]]'],
  ['float32', '[[1],[2,3]]'],
  ['float32', '[null]'],
] as const)('%s: %s is for the parser', (type, text) => {
  expect(arrayOf(text, { type })).toBeUndefined();
});

test('a check of the caller sees each number as it was written', () => {
  const seen: number[] = [];
  const accept = (value: number): boolean => seen.push(value) < 3;
  expect(arrayOf('[0.1,0.2,0.3]', { type: 'float32', accept })).toBeUndefined();
  expect(seen).toEqual([0.1, 0.2, 0.3]);
});

test('the numbers of a type are those in which the parser sees no problem', () => {
  const number = fc.oneof(
    fc.double(),
    fc.maxSafeInteger(),
    fc.constantFrom(
      127,
      128,
      -128,
      -129,
      255,
      256,
      65535,
      65536,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 53,
      -0,
      65519.99,
      65520,
      3.4028235677973362e38,
      3.4028235677973366e38,
      Infinity,
      NaN,
    ),
  );
  const types = tensorTypeSchema.options.filter((type) => type !== 'string' && type !== 'bool');
  fc.assert(
    fc.property(fc.constantFrom(...types), number, (type, value) => {
      const { least = NaN, greatest = NaN, whole = false } = numbersOf(type) ?? {};
      const taken = value >= least && value <= greatest && (!whole || Math.trunc(value) === value);
      const right = elementProblem(type, value) === undefined;
      expect(taken).toBe(right && (!type.endsWith('int64') || Number.isSafeInteger(value)));
    }),
  );
});
