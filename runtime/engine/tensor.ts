import type { TensorType } from '#contract/model-manifest.ts';

/** What ONNX Runtime takes and gives: bool is bytes, float16 goes in as bits and comes out as a Float16Array. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Float16Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | string[];

export interface Tensor {
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** One element as a protocol reads it: BigInt for 64-bit integers, 0 or 1 for bool. */
export type Element = number | bigint | string;

const ALLOCATE: Readonly<Record<TensorType, (length: number) => TensorData>> = {
  float32: (length) => new Float32Array(length),
  float64: (length) => new Float64Array(length),
  float16: (length) => new Float16Array(length),
  int8: (length) => new Int8Array(length),
  uint8: (length) => new Uint8Array(length),
  bool: (length) => new Uint8Array(length),
  int16: (length) => new Int16Array(length),
  uint16: (length) => new Uint16Array(length),
  int32: (length) => new Int32Array(length),
  uint32: (length) => new Uint32Array(length),
  int64: (length) => new BigInt64Array(length),
  uint64: (length) => new BigUint64Array(length),
  string: (length) => Array.from({ length }, () => ''),
};

/** Zeroes (or empty strings), `length` of them. */
export function allocate(type: TensorType, length: number): TensorData {
  return ALLOCATE[type](length);
}

/** A tensor to be filled. */
export function emptyTensor(type: TensorType, dims: readonly number[]): Tensor {
  return { type, dims, data: allocate(type, elementCount(dims)) };
}

/** Copies `count` elements; both sides have the same tensor type. */
export function copyElements(
  target: TensorData,
  at: number,
  source: TensorData,
  from: number,
  count: number,
): void {
  if (Array.isArray(target) || Array.isArray(source)) {
    for (let i = 0; i < count; i++) setElement(target, at + i, elementAt(source, from + i));
  } else if (isBig(target) && isBig(source)) {
    target.set(source.subarray(from, from + count), at);
  } else if (!isBig(target) && !isBig(source)) {
    target.set(source.subarray(from, from + count), at);
  } else {
    throw new TypeError('cannot copy between 64-bit integers and other numbers');
  }
}

/** `count` elements from `from` on, where they lie; strings are copied. */
export function sliceElements(data: TensorData, from: number, count: number): TensorData {
  return Array.isArray(data) ? data.slice(from, from + count) : data.subarray(from, from + count);
}

/** Smaller memory is left to the garbage collector. */
const FREED_BYTES = 16 * 1024;
/** Bytes that may lie before what is aligned. */
const PADDING = 8;

/**
 * Gives memory back at once that nobody reads any more; whoever still did would find it empty. V8 collects all garbage
 * each time that some ten megabytes of buffers have come together, which would be every few requests with large tensors.
 * Memory that is shared with others is not touched.
 */
export function freeMemory({ buffer, byteLength }: ArrayBufferView): void {
  const whole = buffer instanceof ArrayBuffer && buffer.byteLength - byteLength < PADDING;
  if (whole && byteLength >= FREED_BYTES) buffer.transfer(0);
}

export function elementAt(data: TensorData, index: number): Element {
  const element = data[index];
  if (element === undefined) throw new RangeError(`element ${index} of ${data.length}`);
  return element;
}

/** The element's type must be the tensor's: a protocol has checked it. */
export function setElement(data: TensorData, index: number, element: Element): void {
  if (Array.isArray(data)) data[index] = String(element);
  else if (isBig(data)) data[index] = BigInt(element);
  else data[index] = Number(element);
}

function isBig(data: TensorData): data is BigInt64Array | BigUint64Array {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

/** How many elements a tensor of these dimensions has. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

export function isTensorData(data: unknown): data is TensorData {
  return Array.isArray(data) || (ArrayBuffer.isView(data) && !(data instanceof DataView));
}
