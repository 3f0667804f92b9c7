import type { Tensor } from '#runtime/engine/tensor.ts';
import { writeStrings } from './strings.ts';

/** A tensor's bytes: a view of its elements, or for texts a buffer of their own. */
export function writeBinary({ data }: Tensor): Uint8Array {
  return Array.isArray(data)
    ? writeStrings(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
