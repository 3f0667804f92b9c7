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
 * Resizes as Pillow's Image.resize does, to the last bit: first the rows, rounded to bytes, then the columns. A side that
 * keeps its length is not touched.
 */
export function resample(source: Rgb, filter: ResizeFilter, placement: Placement): Rgb {
  const { width, height, x, y, partWidth, partHeight } = placement;
  const vertical =
    height === source.height
      ? undefined
      : tapsOf(filter, { from: source.height, to: height, first: y, count: partHeight });
  const top = vertical === undefined ? y : (vertical.starts[0] ?? 0);
  const last = partHeight - 1;
  const bottom =
    vertical === undefined ? y + partHeight : (vertical.starts[last] ?? 0) + (vertical.counts[last] ?? 0);
  const rows: Rgb = {
    width: partWidth,
    height: bottom - top,
    data: new Uint8Array(partWidth * (bottom - top) * CHANNELS),
  };
  if (width === source.width) cutRows(source, rows, x, top);
  else
    resampleRows(
      source,
      rows,
      tapsOf(filter, { from: source.width, to: width, first: x, count: partWidth }),
      top,
    );
  return vertical === undefined ? rows : resampleColumns(rows, vertical, top);
}

function cutRows(source: Rgb, target: Rgb, x: number, top: number): void {
  const length = target.width * CHANNELS;
  for (let row = 0; row < target.height; row++) {
    const from = ((top + row) * source.width + x) * CHANNELS;
    target.data.set(source.data.subarray(from, from + length), row * length);
  }
}

function resampleRows(source: Rgb, target: Rgb, taps: Taps, top: number): void {
  const { starts, counts, weights, stride } = taps;
  const from = source.data;
  const to = target.data;
  let at = 0;
  for (let row = 0; row < target.height; row++) {
    const line = (top + row) * source.width * CHANNELS;
    for (let i = 0; i < target.width; i++) {
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
