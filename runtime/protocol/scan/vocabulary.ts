import { HASH_PRIME, HASH_START, type ByteReader } from './bytes.ts';

interface Entry {
  readonly bytes: Uint8Array;
  readonly index: number;
}

/** Texts that are known beforehand: found by their bytes as they stand in a body, mostly without making a string. */
export class Vocabulary {
  /** By hash, at most a quarter full; entries whose slots are taken come right after. */
  readonly #slots: readonly (Entry | undefined)[];
  readonly #mask: number;
  readonly #indexes: ReadonlyMap<string, number>;

  constructor(texts: readonly string[]) {
    this.#indexes = new Map(texts.map((text, index) => [text, index]));
    const size = 2 ** Math.ceil(Math.log2(4 * texts.length + 1));
    this.#mask = size - 1;
    const slots = Array.from({ length: size }, (): Entry | undefined => undefined);
    for (const [text, index] of this.#indexes) {
      // Half a surrogate pair has no UTF-8: as an escape only can it be sent.
      if (!text.isWellFormed()) continue;
      const bytes = Buffer.from(text);
      let slot = hashOf(bytes) & this.#mask;
      while (slots[slot] !== undefined) slot = (slot + 1) & this.#mask;
      slots[slot] = { bytes, index };
    }
    this.#slots = slots;
  }

  /** Which text the string is that the reader took last; -1 for none. */
  find(reader: ByteReader): number {
    if (reader.decoded !== undefined) return this.#indexes.get(reader.decoded) ?? -1;
    let slot = reader.hash & this.#mask;
    for (;;) {
      const entry = this.#slots[slot];
      if (entry === undefined) return -1;
      if (isString(reader, entry.bytes)) return entry.index;
      slot = (slot + 1) & this.#mask;
    }
  }
}

function isString({ bytes, from, to }: ByteReader, wanted: Uint8Array): boolean {
  if (wanted.length !== to - from) return false;
  for (let i = 0; i < wanted.length; i++) {
    if (bytes[from + i] !== wanted[i]) return false;
  }
  return true;
}

function hashOf(bytes: Uint8Array): number {
  let hash = HASH_START;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, HASH_PRIME);
  return hash;
}
