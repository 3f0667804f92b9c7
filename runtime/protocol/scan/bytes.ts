import { isUtf8 } from 'node:buffer';

// The grammar is RFC 8259's. Whatever these readers are not certain of they leave to JSON.parse: they say no, and
// never what is wrong.

const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** What a value is. */
type Kind = 'string' | 'number' | 'true' | 'false' | 'null' | 'array' | 'object';

const FIRST_BYTES: Readonly<Record<Kind, string>> = {
  string: '"',
  number: '-0123456789',
  true: 't',
  false: 'f',
  null: 'n',
  array: '[',
  object: '{',
};

/** A value's kind by its first byte; undefined for a byte that starts none. */
export const KIND_OF: readonly (Kind | undefined)[] = Array.from({ length: 256 }, (_, byte) =>
  (Object.keys(FIRST_BYTES) as Kind[]).find((kind) => FIRST_BYTES[kind].includes(String.fromCharCode(byte))),
);

const IS_WHITESPACE = Uint8Array.from({ length: 256 }, (_, byte) =>
  ' \t\n\r'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

export const TRUE = Buffer.from('true');
export const FALSE = Buffer.from('false');
export const NULL = Buffer.from('null');

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
export const HASH_START = 0x811c9dc5 | 0;
export const HASH_PRIME = 0x01000193;

/** A body and how far it has been read. */
export class ByteReader {
  readonly bytes: Buffer;
  at = 0;

  // The string that was taken last: its bytes without the quotes, and their hash.
  from = 0;
  to = 0;
  hash = 0;
  /** What it says, where it has escapes. */
  decoded: string | undefined;

  #ascii = true;
  #utf8: boolean | undefined;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  /** Goes to the next byte that is no whitespace, and gives it: 0 at the end. */
  peek(): number {
    const { bytes } = this;
    let byte = bytes[this.at] ?? 0;
    while (byte <= SPACE && IS_WHITESPACE[byte] === 1) byte = bytes[++this.at] ?? 0;
    return byte;
  }

  /** Takes this byte, where it is the next one. */
  take(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }

  /** Takes these bytes, which must be next. */
  takeWord(word: Uint8Array): boolean {
    const { bytes, at } = this;
    for (let i = 0; i < word.length; i++) {
      if (bytes[at + i] !== word[i]) return false;
    }
    this.at = at + word.length;
    return true;
  }

  /** Takes a string, which must be next. */
  takeString(): boolean {
    if (this.peek() !== QUOTE) return false;
    const { bytes } = this;
    const from = this.at + 1;
    let at = from;
    let hash = HASH_START;
    let bits = 0;
    let escaped = false;
    for (let byte = bytes[at] ?? 0; byte !== QUOTE; byte = bytes[at] ?? 0) {
      if (byte < SPACE) return false;
      if (byte === BACKSLASH) {
        escaped = true;
        at++;
      }
      bits |= byte;
      hash = Math.imul(hash ^ byte, HASH_PRIME);
      at++;
    }
    this.from = from;
    this.to = at;
    this.at = at + 1;
    this.hash = hash;
    this.#ascii = bits < 0x80;
    this.decoded = undefined;
    // A byte after a backslash was not looked at.
    if ((escaped || !this.#ascii) && !this.#isUtf8()) return false;
    return !escaped || this.#decode();
  }

  /** What the string says that was taken last. */
  text(): string {
    const { bytes, from, to, decoded } = this;
    return decoded ?? bytes.toString(this.#ascii ? 'latin1' : 'utf8', from, to);
  }

  /** Nothing but whitespace follows. */
  ended(): boolean {
    return this.peek() === 0 && this.at >= this.bytes.length;
  }

  #decode(): boolean {
    try {
      const value: unknown = JSON.parse(this.bytes.toString('utf8', this.from - 1, this.to + 1));
      if (typeof value !== 'string') return false;
      this.decoded = value;
      return true;
    } catch {
      return false;
    }
  }

  /** Of the whole body, as the parser asks: a broken byte elsewhere spoils this string as well. */
  #isUtf8(): boolean {
    this.#utf8 ??= isUtf8(this.bytes);
    return this.#utf8;
  }
}
