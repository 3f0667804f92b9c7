import { isUtf8 } from 'node:buffer';
import { NUL_PROBLEM } from '../elements.ts';
import { quote } from '../errors.ts';

/** Bytes of the length before each element. */
const LENGTH_BYTES = 4;

/** What is read, or why it cannot be. */
export type StringsRead =
  { readonly strings: string[] } | { readonly index: number; readonly problem: string };

/** Reads `count` elements, which must be all that there is. */
export function readStrings(bytes: Buffer, count: number): StringsRead {
  if (count * LENGTH_BYTES > bytes.length) {
    const problem = `has ${bytes.length} bytes, too few for ${count} elements of ${LENGTH_BYTES} bytes of length and their text`;
    return { index: 0, problem };
  }
  const strings: string[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    const from = at + LENGTH_BYTES;
    const to = from <= bytes.length ? from + bytes.readUInt32LE(at) : Infinity;
    if (to > bytes.length) {
      return { index, problem: `goes beyond the tensor's ${bytes.length} bytes, at byte ${at}` };
    }
    const problem = textProblem(bytes, from, to);
    if (problem !== undefined) return { index, problem };
    strings.push(bytes.toString('utf8', from, to));
    at = to;
  }
  return at === bytes.length
    ? { strings }
    : { index: count, problem: `is followed by ${bytes.length - at} bytes that belong to no element` };
}

function textProblem(bytes: Buffer, from: number, to: number): string | undefined {
  let bits = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0) return NUL_PROBLEM;
    bits |= byte;
  }
  if (bits < 0x80 || isUtf8(bytes.subarray(from, to))) return undefined;
  return `is not UTF-8, the only text that ONNX Runtime takes; it begins with ${quote(bytes.toString('latin1', from, Math.min(to, from + 20)))}`;
}

/** The elements with their lengths. */
export function writeStrings(strings: readonly string[]): Buffer {
  const bytes = Buffer.allocUnsafe(stringsSize(strings));
  let at = 0;
  for (const text of strings) {
    const written = bytes.write(text, at + LENGTH_BYTES);
    bytes.writeUInt32LE(written, at);
    at += LENGTH_BYTES + written;
  }
  return bytes;
}

function stringsSize(strings: readonly string[]): number {
  let size = 0;
  for (const text of strings) size += LENGTH_BYTES + Buffer.byteLength(text);
  return size;
}
