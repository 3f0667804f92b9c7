import { PRECISION } from '../taps.ts';
import {
  assemble,
  i16x8,
  i32,
  i32x4,
  i8x16,
  repeat,
  Scope,
  v128,
  type Code,
  type Function,
  type Variable,
} from './assembler.ts';

// A weight has 22 bits and a sign; the processor multiplies 16 bits and adds neighbours in one step. So each weight comes
// as two halves, weight = high * 2^16 + low, whose sums are kept apart and put together in the end: modulo 2^32, exactly.

const HALF = i32x4.splat(i32.const(1 << (PRECISION - 1)));
const ZERO = i32x4.splat(i32.const(0));
/** What a kernel may read or write beyond the last byte that is meant. */
export const SLACK = 64;
/** Pixels that `rows` takes at a time, and rows that `columns` takes. */
export const ROW_GROUP = 4;
export const COLUMN_GROUP = 2;

const NONE = 0x80;
/** Red, green and blue of a pixel and the next one, side by side in pairs of 16 bits. */
const pixelPair = (first: number): Code =>
  v128.const([
    ...[0, 1, 2].flatMap((colour) => [first * 3 + colour, NONE, first * 3 + 3 + colour, NONE]),
    NONE,
    NONE,
    NONE,
    NONE,
  ]);
const FIRST_PAIR = pixelPair(0);
const SECOND_PAIR = pixelPair(2);
const LOW_BYTES = [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23];
const HIGH_BYTES = LOW_BYTES.map((lane) => lane + 8);

const advance = (variable: Variable, by: Code): Code => variable.set(i32.add(variable.get, by));
const countDown = (variable: Variable): Code => variable.set(i32.subtract(variable.get, i32.const(1)));
/** Of the products with the low halves of weights, and of those with the high ones. */
interface Sum {
  readonly low: Variable;
  readonly high: Variable;
}

const sumOf = (scope: Scope): Sum => ({ low: scope.v128(), high: scope.v128() });
/** sum += pairs * the weights at an address. */
const addProducts = (sum: Variable, pairs: Code, weights: Code, offset: number): Code =>
  sum.set(i32x4.add(sum.get, i32x4.dot(pairs, v128.loadSplat(weights, offset))));
const whole = ({ low, high }: Sum): Code =>
  i32x4.shiftRight(i32x4.add(low.get, i32x4.shiftLeft(high.get, 16)), PRECISION);

/**
 * Makes rows narrower or wider. The table has, per pixel: bytes from the row's first to its first source pixel, number of
 * groups, and per group the low and the high halves of weights 0 and 1, then those of weights 2 and 3.
 */
function rows(): Function {
  const scope = new Scope();
  const [from, fromStride, to, toStride, count, table, width] = [
    scope.parameter(),
    scope.parameter(),
    scope.parameter(),
    scope.parameter(),
    scope.parameter(),
    scope.parameter(),
    scope.parameter(),
  ];
  const [at, groups, taps, out, end] = [scope.i32(), scope.i32(), scope.i32(), scope.i32(), scope.i32()];
  const [pixels, pairs, low, high] = [scope.v128(), scope.v128(), scope.v128(), scope.v128()];
  const group = [
    pixels.set(v128.load(at.get)),
    pairs.set(i8x16.swizzle(pixels.get, FIRST_PAIR)),
    addProducts(low, pairs.get, taps.get, 0),
    addProducts(high, pairs.get, taps.get, 4),
    pairs.set(i8x16.swizzle(pixels.get, SECOND_PAIR)),
    addProducts(low, pairs.get, taps.get, 8),
    addProducts(high, pairs.get, taps.get, 12),
    advance(at, i32.const(3 * ROW_GROUP)),
    advance(taps, i32.const(16)),
    countDown(groups),
  ];
  const words = i16x8.narrow(whole({ low, high }), ZERO);
  const pixel = [
    at.set(i32.add(from.get, i32.load(taps.get))),
    groups.set(i32.load(taps.get, 4)),
    advance(taps, i32.const(8)),
    low.set(HALF),
    high.set(ZERO),
    repeat(group, groups.get),
    // A fourth byte, too, which the next pixel overwrites.
    v128.storeFirst(out.get, i8x16.narrowUnsigned(words, words)),
    advance(out, i32.const(3)),
  ];
  const row = [
    taps.set(table.get),
    out.set(to.get),
    end.set(i32.add(to.get, i32.multiply(width.get, i32.const(3)))),
    repeat(pixel, i32.lessThan(out.get, end.get)),
    advance(from, fromStride.get),
    advance(to, toStride.get),
    countDown(count),
  ];
  return { name: 'rows', scope, body: [repeat(row, count.get)] };
}

/**
 * Makes columns shorter or longer, sixteen bytes of a row at a time. The table has, per row: bytes from `from` to its
 * first source row, number of groups, and per group the low and the high halves of its two weights.
 */
function columns(): Function {
  const scope = new Scope();
  const [from, length, to, count, table] = [
    scope.parameter(),
    scope.parameter(),
    scope.parameter(),
    scope.parameter(),
    scope.parameter(),
  ];
  const [first, groups, left, taps, at, x] = [
    scope.i32(),
    scope.i32(),
    scope.i32(),
    scope.i32(),
    scope.i32(),
    scope.i32(),
  ];
  const [upper, lower, bytes, pairs] = [scope.v128(), scope.v128(), scope.v128(), scope.v128()];
  const sums = [sumOf(scope), sumOf(scope), sumOf(scope), sumOf(scope)] as const;
  const [one, two, three, four] = sums;
  const add = (value: Code, { low, high }: Sum): readonly Code[] => [
    pairs.set(value),
    addProducts(low, pairs.get, taps.get, 0),
    addProducts(high, pairs.get, taps.get, 4),
  ];
  const group = [
    upper.set(v128.load(at.get)),
    lower.set(v128.load(i32.add(at.get, length.get))),
    bytes.set(i8x16.shuffle(upper.get, lower.get, LOW_BYTES)),
    add(i16x8.fromLowBytes(bytes.get), one),
    add(i16x8.fromHighBytes(bytes.get), two),
    bytes.set(i8x16.shuffle(upper.get, lower.get, HIGH_BYTES)),
    add(i16x8.fromLowBytes(bytes.get), three),
    add(i16x8.fromHighBytes(bytes.get), four),
    advance(at, i32.multiply(length.get, i32.const(COLUMN_GROUP))),
    advance(taps, i32.const(8)),
    countDown(left),
  ].flat(2);
  const block = [
    at.set(i32.add(first.get, x.get)),
    taps.set(i32.add(table.get, i32.const(8))),
    left.set(groups.get),
    ...sums.flatMap(({ low, high }) => [low.set(HALF), high.set(ZERO)]),
    repeat([group], left.get),
    v128.store(
      i32.add(to.get, x.get),
      i8x16.narrowUnsigned(i16x8.narrow(whole(one), whole(two)), i16x8.narrow(whole(three), whole(four))),
    ),
    advance(x, i32.const(16)),
  ];
  const row = [
    first.set(i32.add(from.get, i32.load(table.get))),
    groups.set(i32.load(table.get, 4)),
    x.set(i32.const(0)),
    repeat(block, i32.lessThan(x.get, length.get)),
    table.set(taps.get),
    advance(to, length.get),
    countDown(count),
  ];
  return { name: 'columns', scope, body: [repeat(row, count.get)] };
}

/** Addresses, lengths and counts; every count is at least 1. */
export interface Kernels {
  rows(
    from: number,
    fromStride: number,
    to: number,
    toStride: number,
    count: number,
    table: number,
    width: number,
  ): void;
  columns(from: number, length: number, to: number, count: number, table: number): void;
}

/** Compiled for a memory; undefined where the processor lacks SIMD. */
export function openKernels(memory: WebAssembly.Memory): Kernels | undefined {
  const bytes = assemble([rows(), columns()]);
  if (!WebAssembly.validate(bytes)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { memory: { pages: memory } });
  return exports as Kernels;
}
