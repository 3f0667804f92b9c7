import * as fc from 'fast-check';
import type { TargetInput, TargetSchema } from '../schema.ts';
import { anything, list, map, mostly, raw, render, strings, styles, text, type Node } from './json.ts';
import { element, nested, sizesOf } from './named.ts';

const DATATYPE: Readonly<Record<string, string>> = {
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  bool: 'BOOL',
  string: 'BYTES',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
};
const BYTES: Readonly<Record<string, number>> = {
  float16: 2,
  float32: 4,
  float64: 8,
  bool: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
};
const datatypes = fc.constantFrom(...Object.values(DATATYPE), 'BF16', 'fp32', '', 'STRING');
const parameterNames = fc.constantFrom(
  'binary_data',
  'binary_data_size',
  'binary_data_output',
  'classification',
  'shared_memory_region',
  'shared_memory_offset',
  'shared_memory_byte_size',
  'sequence_id',
  'sequence_start',
  'priority',
  'timeout',
  'content_type',
  'headers',
  'x',
);
const parameters = fc.array(fc.tuple(parameterNames, anything), { maxLength: 2 }).map(map);

type Entries = readonly (readonly [string, Node])[];

/** Fields that are mostly not there. */
function rarely(name: string, value: fc.Arbitrary<Node>, share = 12): fc.Arbitrary<Entries> {
  return mostly<Entries>(
    fc.constant([]),
    value.map((node) => [[name, node]]),
    share,
  );
}

/** Sizes of each input: the same number of rows for all, mostly. */
function sizesOfAll({ inputs }: TargetSchema): fc.Arbitrary<readonly (readonly number[])[]> {
  return fc
    .tuple(
      fc.constantFrom(1, 1, 1, 2, 3, 0, 70),
      fc.tuple(...inputs.map(({ shape }) => sizesOf(shape))),
      fc.nat(20),
    )
    .map(([rows, sizes, odd]) =>
      sizes.map((own, index) =>
        inputs[index]?.shape[0] === null && odd !== index ? [rows, ...own.slice(1)] : own,
      ),
    );
}

function tensor(
  input: TargetInput,
  sizes: readonly number[],
  data: fc.Arbitrary<Entries>,
): fc.Arbitrary<Node> {
  const shape = mostly(
    fc.constant(list(sizes.map((size) => raw(String(size))))),
    fc.oneof(
      fc
        .array(fc.constantFrom('1', '2', '0', '-1', '1.5', '"1"', '4294967296', '9007199254740993', 'null'), {
          maxLength: 4,
        })
        .map((dims) => list(dims.map(raw))),
      anything,
    ),
    30,
  );
  const name = mostly(fc.constant(text(input.name)), fc.oneof(strings.map(text), anything), 30);
  const datatype = mostly(
    fc.constant(text(DATATYPE[input.type] ?? '')),
    fc.oneof(datatypes.map(text), anything),
    30,
  );
  const dropped = mostly(fc.constant(-1), fc.nat(3), 20);
  return fc
    .tuple(name, shape, datatype, data, rarely('parameters', fc.oneof(parameters, anything)), dropped)
    .map(([nameNode, shapeNode, typeNode, rest, more, drop]) => {
      const entries: Entries = [
        ['name', nameNode],
        ['shape', shapeNode],
        ['datatype', typeNode],
        ...rest,
        ...more,
      ];
      return map(entries.filter((_, index) => index !== drop));
    });
}

function request(
  schema: TargetSchema,
  tensors: readonly Node[],
  outputParameters: fc.Arbitrary<Entries>,
): fc.Arbitrary<Node> {
  const outputs = fc
    .array(fc.tuple(mostly(fc.constantFrom(...schema.outputs).map(text), anything), outputParameters), {
      maxLength: 3,
    })
    .map((items) => list(items.map(([name, more]) => map([['name', name], ...more]))));
  const inputs = mostly(
    fc.constant(list(tensors)),
    fc.oneof(
      fc.constant(list(tensors.slice(1))),
      fc.constant(list([...tensors, ...tensors])),
      fc.constant(list(tensors.toReversed())),
      anything,
    ),
    20,
  );
  return fc
    .tuple(
      rarely('id', fc.oneof(strings.map(text), anything), 3),
      rarely('parameters', fc.oneof(parameters, anything), 8),
      inputs,
      rarely('outputs', fc.oneof(outputs, outputs, anything), 2),
    )
    .map(([id, more, given, wanted]) => map([...id, ...more, ['inputs', given], ...wanted]));
}

/** An inference request with its tensors as JSON, nested or flat. */
export function inference(schema: TargetSchema): fc.Arbitrary<Node> {
  return sizesOfAll(schema).chain((all) => {
    const tensors = schema.inputs.map((input, index) => {
      const sizes = all[index] ?? [];
      const count = sizes.reduce((product, size) => product * size, 1);
      const data = mostly(
        fc.constantFrom([count], sizes).chain((dims) => nested(dims, element(input))),
        anything,
        30,
      );
      return tensor(
        input,
        sizes,
        data.map((node): Entries => [['data', node]]),
      );
    });
    return fc.tuple(...tensors).chain((nodes) => request(schema, nodes, rarely('parameters', parameters, 4)));
  });
}

/** A body in the binary extension: JSON, then the tensors' bytes; with what its header says of the JSON's length. */
export interface BinaryBody {
  readonly body: Buffer;
  readonly headerLength: string;
}

export function binaryInference(schema: TargetSchema): fc.Arbitrary<BinaryBody> {
  return sizesOfAll(schema).chain((all) => {
    const blocks = schema.inputs.map((input, index) => block(input, all[index] ?? []));
    return fc.tuple(...blocks).chain((bytes) => {
      const tensors = schema.inputs.map((input, index) => {
        const size = mostly(
          fc.constant(bytes[index]?.length ?? 0),
          fc.constantFrom(-1, 0, 1, 2 ** 31, 2 ** 53),
          25,
        );
        const entries = size.map((n): Entries => [
          ['parameters', map([['binary_data_size', raw(String(n))]])],
        ]);
        return tensor(input, all[index] ?? [], entries);
      });
      const wanted = rarely(
        'parameters',
        fc.constantFrom('true', 'false', '1').map((on) => map([['binary_data', raw(on)]])),
        1,
      );
      const json = fc.tuple(...tensors).chain((nodes) => request(schema, nodes, wanted));
      return fc
        .tuple(json, styles, fc.constantFrom('', '+1', '-1', 'x', '0', '99999999', '-0', '1e3', ' 5'))
        .map(([node, style, off]) => assemble(render(node, style), bytes, off));
    });
  });
}

function assemble(json: string, blocks: readonly Buffer[], off: string): BinaryBody {
  const head = Buffer.from(json);
  const exact = off === '' || off === '+1' || off === '-1';
  return {
    body: Buffer.concat([head, ...blocks]),
    headerLength: exact ? String(head.length + Number(off)) : off,
  };
}

function block({ type }: TargetInput, sizes: readonly number[]): fc.Arbitrary<Buffer> {
  const count = sizes.reduce((product, size) => product * size, 1);
  const size = BYTES[type];
  if (size !== undefined) {
    const exact = fc.uint8Array({
      minLength: Math.min(size * count, 2 ** 16),
      maxLength: Math.min(size * count, 2 ** 16),
    });
    return mostly(exact, fc.uint8Array({ maxLength: 40 }), 25).map((bytes) => Buffer.from(bytes));
  }
  const one = mostly(
    fc
      .oneof(
        strings.map((value) => Buffer.from(value)),
        fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
      )
      .map(prefixed),
    fc.constantFrom(
      Buffer.from([255, 255, 255, 255]),
      Buffer.from([1, 0, 0]),
      Buffer.from([0, 0, 0, 128, 1]),
    ),
    40,
  );
  return fc
    .array(one, { minLength: Math.min(count, 100), maxLength: Math.min(count, 100) })
    .map((parts) => Buffer.concat(parts));
}

function prefixed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}
