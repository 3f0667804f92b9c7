/** Protobuf by hand for what `onnxModel` of test/support cannot write: broken and hostile files. Test support. */

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

export const int = (field: number, value: number | bigint): Buffer =>
  Buffer.concat([varint(field * 8), varint(value)]);

/** A length-delimited field. `claimed` is the length that it says it has. */
export function bytes(field: number, body: Uint8Array | string, claimed?: number): Buffer {
  const content = Buffer.from(body);
  return Buffer.concat([varint(field * 8 + 2), varint(claimed ?? content.length), content]);
}

export const message = (field: number, ...parts: readonly Uint8Array[]): Buffer =>
  bytes(field, Buffer.concat(parts));

/** A ModelProto with this graph (its fields), IR version 8 and opset 17. */
export function model(...graph: readonly Uint8Array[]): Buffer {
  return Buffer.concat([int(1, 8), message(7, ...graph), message(8, int(2, 17))]);
}
