import type { Taps } from '../taps.ts';
import { COLUMN_GROUP, ROW_GROUP } from './kernels.ts';

/** Taps as a kernel reads them: an entry per output pixel, one after the other. */
export interface Table {
  readonly words: Int32Array<ArrayBuffer>;
  /** Where each entry begins, in bytes. */
  readonly positions: Int32Array;
}

/** For the kernel `rows`: three bytes from a source pixel to the next. */
export function rowTable(taps: Taps): Table {
  return tableOf(taps, 3, ROW_GROUP);
}

/** For the kernel `columns`: `length` bytes from a source row to the next. */
export function columnTable(taps: Taps, length: number): Table {
  return tableOf(taps, length, COLUMN_GROUP);
}

function tableOf({ starts, counts, weights, stride }: Taps, step: number, group: number): Table {
  const positions = new Int32Array(starts.length);
  const words: number[] = [];
  for (let i = 0; i < starts.length; i++) {
    const groups = Math.ceil((counts[i] ?? 0) / group);
    positions[i] = words.length * 4;
    words.push((starts[i] ?? 0) * step, groups);
    for (let tap = 0; tap < groups * group; tap += 2) {
      const weight = (at: number): number => (at < (counts[i] ?? 0) ? (weights[i * stride + at] ?? 0) : 0);
      const [first, second] = [weight(tap), weight(tap + 1)];
      words.push(pair(low(first), low(second)), pair(high(first), high(second)));
    }
  }
  return { words: Int32Array.from(words), positions };
}

/** weight = high * 2^16 + low, both with a sign. */
const low = (weight: number): number => (weight << 16) >> 16;
const high = (weight: number): number => (weight - low(weight)) >> 16;
const pair = (first: number, second: number): number => (second << 16) | (first & 0xffff);
