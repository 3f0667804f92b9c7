import type { TensorType } from '#contract/model-manifest.ts';
import type { TensorData } from '#runtime/engine/tensor.ts';
import { numbersOf, type NumberRange } from '../elements.ts';
import { CLOSE_BRACKET, COMMA, OPEN_BRACKET, type ByteReader } from './bytes.ts';
import { takeNumber, type Precision } from './number.ts';

/** A regular array of numbers, flat or nested. */
export interface NumberArray {
  /** Its sizes from the outside in, as it is written; none is 0. */
  readonly dims: readonly number[];
  /** Its elements in the order of the text, as a tensor of the type holds them. */
  readonly data: TensorData;
}

export interface NumberArrayOptions {
  readonly type: TensorType;
  /** How many numbers are expected: room for so many is made at once. More or fewer are read as well. */
  readonly count?: number;
  /** What the numbers must be beside the type's. */
  readonly accept?: (value: number) => boolean;
}

/** Tensors have no more dimensions. */
const MAX_DEPTH = 8;
const FIRST_ROOM = 64;
/** A number with its comma or bracket; a count that a caller made up is not believed beyond what there are bytes for. */
const LEAST_BYTES = 2;

const CONVERT: Readonly<Partial<Record<TensorType, (values: Float64Array) => TensorData>>> = {
  float16: (values) => new Float16Array(values),
  int8: (values) => new Int8Array(values),
  uint8: (values) => new Uint8Array(values),
  int16: (values) => new Int16Array(values),
  uint16: (values) => new Uint16Array(values),
  int32: (values) => new Int32Array(values),
  uint32: (values) => new Uint32Array(values),
  int64: (values) => BigInt64Array.from(values, (value) => BigInt(value)),
  uint64: (values) => BigUint64Array.from(values, (value) => BigInt(value)),
};

/**
 * Takes an array of numbers, which must be next. Undefined for anything that needs the parser: another type, an empty or
 * irregular array, a null, an integer that a double does not hold exactly, a number that the type has not.
 */
export function takeNumberArray(reader: ByteReader, options: NumberArrayOptions): NumberArray | undefined {
  const range = numbersOf(options.type);
  if (range === undefined) return undefined;
  const scan = new ArrayScan(reader, range, options);
  return scan.level(0) ? scan.result() : undefined;
}

class ArrayScan {
  readonly #reader: ByteReader;
  readonly #range: NumberRange;
  readonly #options: NumberArrayOptions;
  readonly #precision: Precision;
  readonly #depth: number;
  /** The size of each level's first array, which the others must have. */
  readonly #dims: number[] = [];
  #values: Float32Array | Float64Array;
  #length = 0;

  constructor(reader: ByteReader, range: NumberRange, options: NumberArrayOptions) {
    const most = Math.ceil((reader.bytes.length - reader.at) / LEAST_BYTES);
    const room = Math.min(options.count ?? FIRST_ROOM, most);
    this.#reader = reader;
    this.#range = range;
    this.#options = options;
    this.#precision = options.type === 'float32' && options.accept === undefined ? 'float32' : 'float64';
    this.#depth = depthOf(reader);
    this.#values = options.type === 'float32' ? new Float32Array(room) : new Float64Array(room);
  }

  /** Takes one array, `level` brackets deep. */
  level(level: number): boolean {
    const reader = this.#reader;
    if (level >= this.#depth || !reader.take(OPEN_BRACKET)) return false;
    const size = level === this.#depth - 1 ? this.#numbers() : this.#arrays(level + 1);
    if (size === 0 || !reader.take(CLOSE_BRACKET)) return false;
    this.#dims[level] ??= size;
    return this.#dims[level] === size;
  }

  result(): NumberArray {
    const length = this.#length;
    const values = this.#values.length === length ? this.#values : this.#values.slice(0, length);
    const convert = CONVERT[this.#options.type];
    const data = convert === undefined || values instanceof Float32Array ? values : convert(values);
    return { dims: this.#dims, data };
  }

  /** How many arrays there are; 0 where one is none. */
  #arrays(level: number): number {
    let size = 0;
    do {
      if (!this.level(level)) return 0;
      size++;
    } while (this.#reader.take(COMMA));
    return size;
  }

  /** How many numbers there are; 0 where one is none. */
  #numbers(): number {
    const reader = this.#reader;
    const { least, greatest, whole } = this.#range;
    const { accept } = this.#options;
    const before = this.#length;
    do {
      reader.peek();
      const value = takeNumber(reader, this.#precision);
      if (!(value >= least && value <= greatest) || (whole && Math.trunc(value) !== value)) return 0;
      if (accept !== undefined && !accept(value)) return 0;
      if (this.#length === this.#values.length) this.#grow();
      this.#values[this.#length++] = value;
    } while (reader.take(COMMA));
    return this.#length - before;
  }

  #grow(): void {
    const room = Math.max(FIRST_ROOM, 2 * this.#length);
    const values = this.#values instanceof Float32Array ? new Float32Array(room) : new Float64Array(room);
    values.set(this.#values);
    this.#values = values;
  }
}

/** How many brackets open before the first element; the reader stays where it is. */
function depthOf(reader: ByteReader): number {
  const { at } = reader;
  let depth = 0;
  while (depth < MAX_DEPTH && reader.take(OPEN_BRACKET)) depth++;
  reader.at = at;
  return depth;
}
