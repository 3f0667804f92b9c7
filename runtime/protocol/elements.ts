import type { TensorType } from '#contract/model-manifest.ts';
import type { Element } from '#runtime/engine/tensor.ts';
import { quote } from './errors.ts';

/** Whole numbers that a type holds. */
const INTEGERS: Readonly<Partial<Record<TensorType, readonly [least: bigint, greatest: bigint]>>> = {
  int8: [-128n, 127n],
  uint8: [0n, 255n],
  int16: [-32768n, 32767n],
  uint16: [0n, 65535n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** Greater numbers round to infinity. */
const GREATEST_FLOAT32 = 3.4028235677973362e38;
const GREATEST_FLOAT16 = 65519.99;

/** Which numbers are elements of a type. */
export interface NumberRange {
  readonly least: number;
  readonly greatest: number;
  readonly whole: boolean;
}

/**
 * The numbers for which elementProblem sees no problem, for whoever reads many: of 64-bit integers only those that a
 * double holds exactly. Undefined for types whose elements are not read as numbers.
 */
export function numbersOf(type: TensorType): NumberRange | undefined {
  if (type === 'string' || type === 'bool') return undefined;
  const integers = INTEGERS[type];
  if (integers === undefined) {
    const greatest = greatestFloat(type);
    return { least: -greatest, greatest, whole: false };
  }
  const [least, greatest] = integers;
  return {
    least: Math.max(Number(least), Number.MIN_SAFE_INTEGER),
    greatest: Math.min(Number(greatest), Number.MAX_SAFE_INTEGER),
    whole: true,
  };
}

/** Why a JSON value is no element of such a tensor; undefined when it is one. */
export function elementProblem(type: TensorType, value: unknown): string | undefined {
  if (type === 'string') return textProblem(value);
  if (type === 'bool') {
    return typeof value === 'boolean' || value === 0 || value === 1
      ? undefined
      : `must be true or false, got ${quote(value)}`;
  }
  if (typeof value !== 'number' && typeof value !== 'bigint') return `must be a number, got ${quote(value)}`;
  const range = INTEGERS[type];
  return range === undefined ? floatProblem(type, Number(value)) : integerProblem(type, value, range);
}

/** ONNX Runtime's binding takes texts as C strings. */
export const NUL_PROBLEM = 'holds a NUL character, at which ONNX Runtime would end the text; leave it out';

function textProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return `must be a string, got ${quote(value)}`;
  if (!value.isWellFormed())
    return 'holds half of a surrogate pair, which is no character; send the whole pair';
  return value.includes('\0') ? NUL_PROBLEM : undefined;
}

function floatProblem(type: TensorType, value: number): string | undefined {
  return Math.abs(value) <= greatestFloat(type) ? undefined : `is too large for ${type}: ${value}`;
}

function greatestFloat(type: TensorType): number {
  return type === 'float32' ? GREATEST_FLOAT32 : type === 'float16' ? GREATEST_FLOAT16 : Number.MAX_VALUE;
}

function integerProblem(
  type: TensorType,
  value: number | bigint,
  [least, greatest]: readonly [bigint, bigint],
): string | undefined {
  if (typeof value === 'number' && !Number.isInteger(value)) return `must be a whole number, got ${value}`;
  return value >= least && value <= greatest
    ? undefined
    : `must be ${type.startsWith('int') ? 'an' : 'a'} ${type}, between ${least} and ${greatest}, got ${value}`;
}

/** The element for a value in which elementProblem saw none. */
export function toElement(type: TensorType, value: unknown): Element {
  if (type === 'string') return String(value);
  if (type === 'int64' || type === 'uint64') return BigInt(value as number | bigint);
  return Number(value);
}
