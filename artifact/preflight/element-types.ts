import type { TensorType } from '#contract/model-manifest.ts';

interface ElementType {
  readonly name: string;
  readonly bits: number;
  /** The name that it has as an input or output; absent where the runtime cannot take or give it. */
  readonly tensorType?: TensorType;
}

const element = (name: string, bits: number): ElementType => ({ name, bits });
const served = (tensorType: TensorType, bits: number): ElementType => ({
  name: tensorType,
  bits,
  tensorType,
});

/** TensorProto.DataType of onnx.proto, by number; a string's size is not in its type. */
const ELEMENT_TYPES: ReadonlyMap<number, ElementType> = new Map([
  [1, served('float32', 32)],
  [2, served('uint8', 8)],
  [3, served('int8', 8)],
  [4, served('uint16', 16)],
  [5, served('int16', 16)],
  [6, served('int32', 32)],
  [7, served('int64', 64)],
  [8, served('string', 0)],
  [9, served('bool', 8)],
  [10, served('float16', 16)],
  [11, served('float64', 64)],
  [12, served('uint32', 32)],
  [13, served('uint64', 64)],
  [14, element('complex64', 64)],
  [15, element('complex128', 128)],
  [16, element('bfloat16', 16)],
  [17, element('float8e4m3fn', 8)],
  [18, element('float8e4m3fnuz', 8)],
  [19, element('float8e5m2', 8)],
  [20, element('float8e5m2fnuz', 8)],
  [21, element('uint4', 4)],
  [22, element('int4', 4)],
  [23, element('float4e2m1', 4)],
  [24, element('float8e8m0', 8)],
  [25, element('uint2', 2)],
  [26, element('int2', 2)],
]);

export const STRING_TYPE = 8;
export const INT64_TYPE = 7;

export function elementType(number: number): ElementType | undefined {
  return ELEMENT_TYPES.get(number);
}

/** For messages: the type's name, or its number where onnx.proto has none. */
export function elementTypeName(number: number): string {
  return ELEMENT_TYPES.get(number)?.name ?? `type ${number}`;
}
