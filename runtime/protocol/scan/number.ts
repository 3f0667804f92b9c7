import type { ByteReader } from './bytes.ts';

/** A double for sure or, where that is enough, one that rounds to the same float32. */
export type Precision = 'float64' | 'float32';

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const DIGIT_0 = 0x30;
/** 'e', and 'E' once this bit is set. */
const EXPONENT = 0x65;
const LOWER_CASE = 0x20;

/** The powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** A longer text, and what it is near, is left to Number(). */
const ESTIMATED_BYTES = 32;
const ESTIMATED_MAX = 1e38;
/**
 * How far an estimate may be off: each digit beyond 2^53 rounds twice, so up to 31 digits and a power are off by less
 * than 33 * 2^-53 < 2^-47.
 */
const ERROR = 2 ** -46;

/** Takes a number, which must be next; NaN where there is none. */
export function takeNumber(reader: ByteReader, precision: Precision = 'float64'): number {
  const { bytes, at: from } = reader;
  let at = bytes[from] === MINUS ? from + 1 : from;
  const first = at;
  let mantissa = 0;
  for (let digit = digitAt(bytes, at); digit < 10; digit = digitAt(bytes, ++at)) {
    mantissa = mantissa * 10 + digit;
  }
  if (at === first || (at > first + 1 && bytes[first] === DIGIT_0)) return NaN;
  let exponent = 0;
  if (bytes[at] === POINT) {
    const start = ++at;
    for (let digit = digitAt(bytes, at); digit < 10; digit = digitAt(bytes, ++at)) {
      mantissa = mantissa * 10 + digit;
    }
    if (at === start) return NaN;
    exponent = start - at;
  }
  if (((bytes[at] ?? 0) | LOWER_CASE) === EXPONENT) {
    const sign = bytes[at + 1];
    const start = sign === MINUS || sign === PLUS ? at + 2 : at + 1;
    let power = 0;
    for (at = start; digitAt(bytes, at) < 10; at++) power = power * 10 + digitAt(bytes, at);
    if (at === start) return NaN;
    exponent += sign === MINUS ? -power : power;
  }
  reader.at = at;
  const value = scaled(mantissa, exponent, precision, at - from);
  if (Number.isNaN(value)) return Number(bytes.toString('latin1', from, at));
  return first > from ? -value : value;
}

/** The byte as a digit; 10 or more where it is none. */
function digitAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) - DIGIT_0) >>> 0;
}

/**
 * mantissa * 10^exponent, where one rounding makes it (Clinger, "How to Read Floating Point Numbers Accurately", 1990),
 * or a double that is certain to round to the right float32; else NaN.
 */
function scaled(mantissa: number, exponent: number, precision: Precision, length: number): number {
  if (exponent < -22 || exponent > 22) return NaN;
  const value = exponent < 0 ? mantissa / (POWERS[-exponent] ?? NaN) : mantissa * (POWERS[exponent] ?? NaN);
  if (mantissa <= Number.MAX_SAFE_INTEGER) return value;
  if (precision === 'float64' || length > ESTIMATED_BYTES || value > ESTIMATED_MAX) return NaN;
  return Math.fround(value * (1 - ERROR)) === Math.fround(value * (1 + ERROR)) ? value : NaN;
}
