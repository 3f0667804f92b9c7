/** Writes small ONNX models for tests: just enough of onnx.proto, encoded by hand. */

/** TensorProto.DataType by the names that ONNX Runtime for Node uses. */
export const ONNX_TYPE = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;
export type OnnxType = keyof typeof ONNX_TYPE;

/** A size, a symbolic name, or null for a dimension of which nothing is known. */
export type OnnxDim = number | string | null;

export interface OnnxValueInfo {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly OnnxDim[];
  /** A sequence of such tensors, or a map from int64 to them, instead of the tensor. */
  readonly container?: 'sequence' | 'map' | 'sequence-of-maps';
}

export interface OnnxInitializer {
  readonly name: string;
  readonly type: OnnxType;
  readonly dims: readonly (number | bigint)[];
  /** Little-endian bytes; numbers are encoded by type; strings for type string. Absent: no data at all. */
  readonly data?: Uint8Array | readonly number[] | readonly string[];
  /** External data: key and value pairs such as location, offset and length. */
  readonly external?: Readonly<Record<string, string>>;
}

export type OnnxAttribute =
  | { readonly int: number | bigint }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly (number | bigint)[] }
  | { readonly floats: readonly number[] }
  | { readonly texts: readonly string[] }
  | { readonly tensor: OnnxInitializer }
  | { readonly graph: OnnxGraph };

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxGraph {
  readonly name?: string;
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly nodes: readonly OnnxNode[];
  readonly initializers?: readonly OnnxInitializer[];
}

export interface OnnxModel extends OnnxGraph {
  /** Version of the default domain's operators; 17 unless told. */
  readonly opset?: number;
  /** Other operator domains with their versions, for example {'ai.onnx.ml': 3}. */
  readonly domains?: Readonly<Record<string, number>>;
  readonly irVersion?: number;
}

/** The bytes of a ModelProto. */
export function onnxModel(model: OnnxModel): Uint8Array {
  return concat([
    field(1, varint(model.irVersion ?? 8)),
    text(2, 'windlass-test'),
    message(7, graph(model)),
    message(8, concat([text(1, ''), field(2, varint(model.opset ?? 17))])),
    ...Object.entries(model.domains ?? {}).map(([domain, version]) =>
      message(8, concat([text(1, domain), field(2, varint(version))])),
    ),
  ]);
}

function graph(value: OnnxGraph): Uint8Array {
  return concat([
    ...value.nodes.map((node, index) => message(1, encodeNode(node, index))),
    text(2, value.name ?? 'graph'),
    ...(value.initializers ?? []).map((initializer) => message(5, tensor(initializer))),
    ...value.inputs.map((input) => message(11, valueInfo(input))),
    ...value.outputs.map((output) => message(12, valueInfo(output))),
  ]);
}

function encodeNode(node: OnnxNode, index: number): Uint8Array {
  return concat([
    ...node.inputs.map((name) => text(1, name)),
    ...node.outputs.map((name) => text(2, name)),
    text(3, `node${index}`),
    text(4, node.op),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => message(5, attribute(name, value))),
    ...(node.domain === undefined ? [] : [text(7, node.domain)]),
  ]);
}

function attribute(name: string, value: OnnxAttribute): Uint8Array {
  const [type, body] = attributeBody(value);
  return concat([text(1, name), body, field(20, varint(type))]);
}

function attributeBody(value: OnnxAttribute): readonly [type: number, body: Uint8Array] {
  if ('float' in value) return [1, float(2, value.float)];
  if ('int' in value) return [2, field(3, varint(value.int))];
  if ('text' in value) return [3, text(4, value.text)];
  if ('tensor' in value) return [4, message(5, tensor(value.tensor))];
  if ('graph' in value) return [5, message(6, graph(value.graph))];
  if ('floats' in value) return [6, concat(value.floats.map((item) => float(7, item)))];
  if ('ints' in value) return [7, concat(value.ints.map((item) => field(8, varint(item))))];
  return [8, concat(value.texts.map((item) => text(9, item)))];
}

function tensor(value: OnnxInitializer): Uint8Array {
  return concat([
    ...value.dims.map((dim) => field(1, varint(dim))),
    field(2, varint(ONNX_TYPE[value.type])),
    text(8, value.name),
    tensorData(value),
    ...Object.entries(value.external ?? {}).map(([key, entry]) =>
      message(13, concat([text(1, key), text(2, entry)])),
    ),
    ...(value.external === undefined ? [] : [field(14, varint(1))]),
  ]);
}

function tensorData(value: OnnxInitializer): Uint8Array {
  if (value.data === undefined) return new Uint8Array();
  if (value.data instanceof Uint8Array) return message(9, value.data);
  if (value.type === 'string') return concat(value.data.map((item) => text(6, String(item))));
  return message(9, numbers(value.type, value.data.map(Number)));
}

const ENCODERS: Readonly<Record<OnnxType, (values: readonly number[]) => NodeJS.TypedArray>> = {
  float32: (values) => Float32Array.from(values),
  float64: (values) => Float64Array.from(values),
  float16: (values) => Float16Array.from(values),
  bfloat16: (values) => Uint16Array.from(values),
  int8: (values) => Int8Array.from(values),
  uint8: (values) => Uint8Array.from(values),
  bool: (values) => Uint8Array.from(values),
  int16: (values) => Int16Array.from(values),
  uint16: (values) => Uint16Array.from(values),
  int32: (values) => Int32Array.from(values),
  uint32: (values) => Uint32Array.from(values),
  int64: (values) => BigInt64Array.from(values, BigInt),
  uint64: (values) => BigUint64Array.from(values, BigInt),
  string: () => {
    throw new TypeError('a string tensor has no numbers');
  },
};

function numbers(type: OnnxType, values: readonly number[]): Uint8Array {
  const array = ENCODERS[type](values);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function valueInfo(value: OnnxValueInfo): Uint8Array {
  return concat([text(1, value.name), message(2, valueType(value))]);
}

function valueType(value: OnnxValueInfo): Uint8Array {
  const plain = message(1, tensorType(value));
  if (value.container === undefined) return plain;
  if (value.container === 'sequence') return message(4, message(1, plain));
  const map = message(5, concat([field(1, varint(ONNX_TYPE.int64)), message(2, plain)]));
  return value.container === 'map' ? map : message(4, message(1, map));
}

function tensorType(value: OnnxValueInfo): Uint8Array {
  const dims = value.shape.map((dim) => {
    if (dim === null) return message(1, new Uint8Array());
    return message(1, typeof dim === 'number' ? field(1, varint(dim)) : text(2, dim));
  });
  return concat([field(1, varint(ONNX_TYPE[value.type])), message(2, concat(dims))]);
}

/** A varint field; negative numbers take ten bytes, as protobuf's int64 does. */
function field(number: number, value: Uint8Array): Uint8Array {
  return concat([varint(number << 3), value]);
}

function message(number: number, body: Uint8Array): Uint8Array {
  return concat([varint((number << 3) | 2), varint(body.length), body]);
}

function text(number: number, value: string): Uint8Array {
  return message(number, new TextEncoder().encode(value));
}

function float(number: number, value: number): Uint8Array {
  return concat([varint((number << 3) | 5), numbers('float32', [value])]);
}

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
