/** What to do with a length-delimited field: pass over it, keep its bytes, look at them in passing, or go into it. */
export type LengthAction = 'skip' | 'collect' | 'scan' | MessageVisitor;

/** Receives the fields of one message in their order. Absent methods pass over what they would have received. */
export interface MessageVisitor {
  /** The field's name in onnx.proto, for messages. */
  readonly name: string;
  /** A length-delimited field begins. */
  readonly length?: (field: number, length: number) => LengthAction;
  /** An integer; exact up to 2^53, negative ones are their 64-bit two's complement as an unsigned number. */
  readonly varint?: (field: number, value: number) => void;
  /** A number of 4 or 8 bytes. */
  readonly fixed?: (field: number, width: 4 | 8) => void;
  /** A field that was to be collected. The bytes are the visitor's own. */
  readonly bytes?: (field: number, bytes: Buffer) => void;
  /** A part of a field that was to be scanned; not to be kept. */
  readonly scan?: (field: number, part: Uint8Array) => void;
  /** The message is over; `size` is its length in bytes. */
  readonly end?: (size: number) => void;
}

export interface WireLimits {
  /** Messages within messages; 100 is protobuf's own limit, so that nothing deeper could be loaded anyway. */
  readonly depth: number;
  /** Bytes of one field that is collected. */
  readonly collectedBytes: number;
  /** Fields altogether: bounds the time that a file of nothing but tiny fields takes. */
  readonly fields: number;
}

export const WIRE_LIMITS: WireLimits = { depth: 100, collectedBytes: 64 * 1024, fields: 100_000_000 };

/** A file that is no protobuf message, or one beyond the limits. `offset` is the byte at which that showed. */
export class WireError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.name = 'WireError';
    this.offset = offset;
  }
}

interface Frame {
  readonly visitor: MessageVisitor;
  readonly start: number;
  readonly end: number;
}

type Mode = 'tag' | 'varint' | 'fixed' | 'length' | 'skip' | 'collect' | 'scan';

/**
 * Reads a protobuf message that arrives in pieces, and keeps nothing but a stack of open messages and one collected
 * field: memory does not grow with the file. Push the pieces in order, then call `finish`.
 */
export class WireReader {
  readonly #limits: WireLimits;
  readonly #stack: Frame[] = [];
  #frame: Frame;
  #mode: Mode = 'tag';
  #offset = 0;
  #fields = 0;
  #field = 0;
  /** The varint under way: its value so far, and the factor of its next seven bits. */
  #value = 0;
  #factor = 1;
  #varintBytes = 0;
  /** Bytes still to pass, collect or scan. */
  #left = 0;
  #collected: Buffer = Buffer.alloc(0);

  constructor(root: MessageVisitor, size = Number.MAX_SAFE_INTEGER, limits: WireLimits = WIRE_LIMITS) {
    this.#frame = { visitor: root, start: 0, end: size };
    this.#limits = limits;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#mode === 'tag' || this.#mode === 'varint' || this.#mode === 'length') {
        at = this.#readVarint(chunk, at);
      } else {
        const part = Math.min(this.#left, chunk.length - at);
        if (this.#mode === 'collect') this.#collect(chunk.subarray(at, at + part));
        else if (this.#mode === 'scan')
          this.#frame.visitor.scan?.(this.#field, chunk.subarray(at, at + part));
        at += part;
        this.#offset += part;
        this.#left -= part;
        if (this.#left === 0) this.#fieldEnds();
      }
    }
  }

  /** Throws when the message is not over. */
  finish(): void {
    if (this.#stack.length > 0 || this.#mode !== 'tag' || this.#varintBytes > 0) {
      throw this.error(`the file ends in the middle of ${this.where()}`);
    }
    this.#frame.visitor.end?.(this.#offset);
  }

  error(message: string): WireError {
    return new WireError(message, this.#offset);
  }

  /** The open messages by their names, such as graph.node.attribute; the middle of a long path is left out. */
  where(): string {
    const names = [...this.#stack.slice(1), this.#frame].map(({ visitor }) => visitor.name);
    return names.length > 8 ? [...names.slice(0, 4), '...', ...names.slice(-3)].join('.') : names.join('.');
  }

  #readVarint(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length) {
      const byte = chunk[at] as number;
      at += 1;
      this.#offset += 1;
      this.#value += (byte & 0x7f) * this.#factor;
      this.#varintBytes += 1;
      if (byte < 0x80) {
        const value = this.#value;
        this.#value = 0;
        this.#factor = 1;
        this.#varintBytes = 0;
        this.#varintEnds(value);
        return at;
      }
      if (this.#varintBytes === 10) throw this.error(`a number in ${this.where()} has more than ten bytes`);
      this.#factor *= 128;
    }
    return at;
  }

  #varintEnds(value: number): void {
    if (this.#offset > this.#frame.end) throw this.error(`a field runs past the end of ${this.where()}`);
    if (this.#mode === 'tag') this.#tag(value);
    else if (this.#mode === 'length') this.#lengthKnown(value);
    else {
      this.#frame.visitor.varint?.(this.#field, value);
      this.#fieldEnds();
    }
  }

  #tag(tag: number): void {
    this.#fields += 1;
    if (this.#fields > this.#limits.fields) {
      throw this.error(`the file has more than ${this.#limits.fields} fields`);
    }
    this.#field = Math.floor(tag / 8);
    if (this.#field === 0 || tag >= 2 ** 32) throw this.error(`${this.where()} has no valid field here`);
    switch (tag % 8) {
      case 0:
        this.#mode = 'varint';
        return;
      case 1:
        this.#fixed(8);
        return;
      case 2:
        this.#mode = 'length';
        return;
      case 5:
        this.#fixed(4);
        return;
      default:
        throw this.error(
          `${this.where()} has a field of a kind that ONNX does not use (wire type ${tag % 8})`,
        );
    }
  }

  #fixed(width: 4 | 8): void {
    this.#body(width, 'fixed');
    this.#frame.visitor.fixed?.(this.#field, width);
  }

  #body(length: number, mode: Mode): void {
    const left = this.#frame.end - this.#offset;
    if (length > left) {
      const what = `a field of ${this.where()} claims ${length} bytes, and ${left} are left`;
      throw this.error(this.#stack.length === 0 ? `the file ends too early (truncated?): ${what}` : what);
    }
    this.#left = length;
    this.#mode = mode;
  }

  #lengthKnown(length: number): void {
    const action = this.#frame.visitor.length?.(this.#field, length) ?? 'skip';
    if (typeof action === 'object') {
      this.#descend(action, length);
      return;
    }
    this.#body(length, action);
    if (action === 'collect') {
      if (length > this.#limits.collectedBytes) {
        throw this.error(
          `a text of ${this.where()} has ${length} bytes; the limit is ${this.#limits.collectedBytes}`,
        );
      }
      this.#collected = Buffer.alloc(length);
    }
    if (length === 0) this.#fieldEnds();
  }

  #descend(visitor: MessageVisitor, length: number): void {
    this.#body(length, 'tag');
    if (this.#stack.length >= this.#limits.depth) {
      throw this.error(`messages are nested more than ${this.#limits.depth} deep at ${this.where()}`);
    }
    this.#stack.push(this.#frame);
    this.#frame = { visitor, start: this.#offset, end: this.#offset + length };
    this.#closeFrames();
  }

  #collect(part: Uint8Array): void {
    this.#collected.set(part, this.#collected.length - this.#left);
  }

  #fieldEnds(): void {
    if (this.#mode === 'collect') {
      const bytes = this.#collected;
      this.#collected = Buffer.alloc(0);
      this.#frame.visitor.bytes?.(this.#field, bytes);
    }
    this.#mode = 'tag';
    this.#closeFrames();
  }

  #closeFrames(): void {
    for (let parent = this.#stack.at(-1); this.#offset === this.#frame.end && parent !== undefined;) {
      this.#frame.visitor.end?.(this.#frame.end - this.#frame.start);
      this.#stack.pop();
      this.#frame = parent;
      parent = this.#stack.at(-1);
    }
  }
}
