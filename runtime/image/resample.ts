import type { ResizeFilter } from '#contract/image-input.ts';
import { PRECISION, tapsOf, type Taps } from './taps.ts';

/** Pixels of red, green and blue, a byte each, row by row. */
export interface Rgb {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** A picture resized to `width` x `height`, of which only the part from (x, y) on is made. */
export interface Placement {
  readonly width: number;
  readonly height: number;
  readonly x: number;
  readonly y: number;
  readonly partWidth: number;
  readonly partHeight: number;
}

/** Resizes, and cuts out the part that is wanted. */
export type Resample = (source: Rgb, filter: ResizeFilter, placement: Placement) => Rgb;

const CHANNELS = 3;
const HALF = 1 << (PRECISION - 1);

/**
 * Which columns are made first, all others being made of rows: Pillow 13's choice (Resample.c, ImagingResampleInner), which
 * counts because what the first pass makes is rounded to bytes.
 */
export function columnsFirst(source: Rgb, { width, height }: Placement): boolean {
  const [narrower, lower] = [source.width - width, source.height - height];
  return narrower !== 0 && lower > 0 && lower > 2 * narrower;
}

/** Resizes as Pillow's Image.resize does, to the last bit. A side that keeps its length is not touched. */
export function resample(source: Rgb, filter: ResizeFilter, placement: Placement): Rgb {
  const { width, height, x, y, partWidth, partHeight } = placement;
  const across =
    width === source.width
      ? undefined
      : tapsOf(filter, { from: source.width, to: width, first: x, count: partWidth });
  const down =
    height === source.height
      ? undefined
      : tapsOf(filter, { from: source.height, to: height, first: y, count: partHeight });
  const [left, right] = across === undefined ? [x, x + partWidth] : reach(across);
  const [top, bottom] = down === undefined ? [y, y + partHeight] : reach(down);
  if (across === undefined || down === undefined || columnsFirst(source, placement)) {
    const used = cut(source, { left, top, width: right - left, height: bottom - top });
    const rows = down === undefined ? used : resampleColumns(used, down, top);
    return across === undefined ? rows : resampleRows(rows, across, { left, top: 0, height: partHeight });
  }
  return resampleColumns(resampleRows(source, across, { left: 0, top, height: bottom - top }), down, top);
}

/** First source pixel that an axis needs, and the one after the last. */
export function reach({ starts, counts }: Taps): readonly [number, number] {
  const last = starts.length - 1;
  return [starts[0] ?? 0, (starts[last] ?? 0) + (counts[last] ?? 0)];
}

interface Part {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function cut(source: Rgb, { left, top, width, height }: Part): Rgb {
  if (width === source.width && height === source.height) return source;
  const length = width * CHANNELS;
  const data = new Uint8Array(length * height);
  for (let row = 0; row < height; row++) {
    const from = ((top + row) * source.width + left) * CHANNELS;
    data.set(source.data.subarray(from, from + length), row * length);
  }
  return { width, height, data };
}

/** Of `height` rows from `top` on; `left` is the picture's column with which the source begins. */
function resampleRows(source: Rgb, taps: Taps, { left, top, height }: Omit<Part, 'width'>): Rgb {
  const { starts, counts, weights, stride } = taps;
  const width = starts.length;
  const from = source.data;
  const to = new Uint8Array(width * height * CHANNELS);
  let at = 0;
  for (let row = 0; row < height; row++) {
    const line = ((top + row) * source.width - left) * CHANNELS;
    for (let i = 0; i < width; i++) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let pixel = line + (starts[i] as number) * CHANNELS;
      const first = i * stride;
      const end = first + (counts[i] as number);
      for (let tap = first; tap < end; tap++) {
        const weight = weights[tap] as number;
        red += Math.imul(from[pixel] as number, weight);
        green += Math.imul(from[pixel + 1] as number, weight);
        blue += Math.imul(from[pixel + 2] as number, weight);
        pixel += CHANNELS;
      }
      to[at] = toByte(red);
      to[at + 1] = toByte(green);
      to[at + 2] = toByte(blue);
      at += CHANNELS;
    }
  }
  return { width, height, data: to };
}

function resampleColumns(source: Rgb, taps: Taps, top: number): Rgb {
  const { starts, counts, weights, stride } = taps;
  const length = source.width * CHANNELS;
  const height = starts.length;
  const data = new Uint8Array(length * height);
  const sums = new Int32Array(length);
  const from = source.data;
  for (let row = 0; row < height; row++) {
    sums.fill(HALF);
    for (let tap = 0; tap < (counts[row] as number); tap++) {
      const weight = weights[row * stride + tap] as number;
      const line = ((starts[row] as number) - top + tap) * length;
      for (let i = 0; i < length; i++) {
        sums[i] = (sums[i] as number) + Math.imul(from[line + i] as number, weight);
      }
    }
    const at = row * length;
    for (let i = 0; i < length; i++) data[at + i] = toByte(sums[i] as number);
  }
  return { width: source.width, height, data };
}

function toByte(sum: number): number {
  const value = sum >> PRECISION;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
