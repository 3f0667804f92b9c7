/**
 * WebAssembly from TypeScript: expressions as functions that give bytes, so that a kernel reads like the loop that it is.
 * Numbers are those of the WebAssembly specification, 5.4 (instructions) and 5.5 (modules), and of its SIMD extension.
 */
export type Code = readonly number[];

/** A parameter or a local of a function. */
export interface Variable {
  readonly get: Code;
  set(value: Code): Code;
}

type ValueType = 'i32' | 'v128';
const TYPES: Readonly<Record<ValueType, number>> = { i32: 0x7f, v128: 0x7b };

/** The variables of one function: parameters first. */
export class Scope {
  readonly #types: ValueType[] = [];
  #parameters = 0;

  /** An i32. */
  parameter(): Variable {
    this.#parameters += 1;
    return this.#add('i32');
  }

  i32(): Variable {
    return this.#add('i32');
  }

  v128(): Variable {
    return this.#add('v128');
  }

  get parameters(): number {
    return this.#parameters;
  }

  get locals(): readonly ValueType[] {
    return this.#types.slice(this.#parameters);
  }

  #add(type: ValueType): Variable {
    const index = unsigned(this.#types.push(type) - 1);
    return { get: [0x20, ...index], set: (value) => [...value, 0x21, ...index] };
  }
}

const binary =
  (...operation: Code) =>
  (left: Code, right: Code): Code => [...left, ...right, ...operation];
/** Instructions of the SIMD extension: a prefix, and the number in LEB128. */
const simd = (number: number): Code => [0xfd, ...unsigned(number)];
/** Alignment is a hint; 0 promises nothing. */
const memory = (offset: number): Code => [0, ...unsigned(offset)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  add: binary(0x6a),
  subtract: binary(0x6b),
  multiply: binary(0x6c),
  lessThan: binary(0x49),
  load: (address: Code, offset = 0): Code => [...address, 0x28, ...memory(offset)],
} as const;

export const v128 = {
  const: (bytes: Code): Code => [...simd(12), ...bytes],
  load: (address: Code, offset = 0): Code => [...address, ...simd(0), ...memory(offset)],
  /** Four bytes in each of the four lanes. */
  loadSplat: (address: Code, offset = 0): Code => [...address, ...simd(9), ...memory(offset)],
  store: (address: Code, value: Code): Code => [...address, ...value, ...simd(11), ...memory(0)],
  /** The first four bytes alone. */
  storeFirst: (address: Code, value: Code): Code => [...address, ...value, ...simd(90), ...memory(0), 0],
} as const;

export const i8x16 = {
  shuffle: (left: Code, right: Code, lanes: Code): Code => [...left, ...right, ...simd(13), ...lanes],
  /** Lanes by number; 0 for a number above 15. */
  swizzle: binary(...simd(14)),
  /** Two vectors of 16 bits to bytes, cut off at 0 and 255. */
  narrowUnsigned: binary(...simd(102)),
} as const;

export const i16x8 = {
  /** Two vectors of 32 bits to 16, cut off at both ends. */
  narrow: binary(...simd(133)),
  fromLowBytes: (value: Code): Code => [...value, ...simd(137)],
  fromHighBytes: (value: Code): Code => [...value, ...simd(138)],
} as const;

export const i32x4 = {
  splat: (value: Code): Code => [...value, ...simd(17)],
  shiftLeft: (value: Code, bits: number): Code => [...value, ...i32.const(bits), ...simd(171)],
  shiftRight: (value: Code, bits: number): Code => [...value, ...i32.const(bits), ...simd(172)],
  add: binary(...simd(174)),
  /** Products of eight 16-bit lanes, neighbours added. */
  dot: binary(...simd(186)),
} as const;

/** Runs at least once, and again while the condition holds. */
export function repeat(body: readonly Code[], condition: Code): Code {
  return [0x03, 0x40, ...body.flat(), ...condition, 0x0d, 0x00, 0x0b];
}

export interface Function {
  readonly name: string;
  readonly scope: Scope;
  readonly body: readonly Code[];
}

/** A module of functions that return nothing and work in the memory that they import as `memory.pages`. */
export function assemble(functions: readonly Function[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ scope }) => signatureOf(scope));
  const memory = [...text('memory'), ...text('pages'), 0x02, 0x00, 1];
  const exported = functions.map(({ name }, index) => [text(name), [0x00], unsigned(index)].flat());
  const bodies = functions.map(({ scope, body }) => {
    const locals = vector(scope.locals.map((type) => [1, TYPES[type]]));
    return sized([locals, ...body, [0x0b]].flat());
  });
  const sections = [
    section(1, types),
    section(2, [memory]),
    section(3, [...functions.keys()].map(unsigned)),
    section(7, exported),
    section(10, bodies),
  ];
  return Uint8Array.from([MAGIC, VERSION, ...sections].flat());
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d];
const VERSION = [0x01, 0x00, 0x00, 0x00];

function signatureOf({ parameters }: Scope): Code {
  const types = Array.from({ length: parameters }, () => [TYPES.i32]);
  return [0x60, ...vector(types), ...vector([])];
}

function section(id: number, items: readonly Code[]): Code {
  return [id, ...sized(vector(items))];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function sized(bytes: Code): Code {
  return [...unsigned(bytes.length), ...bytes];
}

function text(name: string): Code {
  return sized([...Buffer.from(name)]);
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  const last = value >= -0x40 && value < 0x40;
  return last ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
