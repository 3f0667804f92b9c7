import * as fc from 'fast-check';
import type { TensorType } from '#contract/model-manifest.ts';
import { writeBinary } from './binary/index.ts';
import type { ElementRule } from './scalar.ts';
import { anyEdits } from './scan/documents.ts';
import { V2_DATATYPE } from './v2-datatype.ts';
import type { V2Input } from './v2-request.ts';

// Models and inference requests for the scanner's tests: as clients write them, as they may write them, and broken.

export const OUTPUTS = [
  { name: 'y', type: 'float32', shape: [null, 2] },
  { name: 'label', type: 'string', shape: [null] },
] as const;

const RULES: readonly (ElementRule | undefined)[] = [
  undefined,
  undefined,
  {},
  { feature: true, missing: NaN },
  { feature: true, limits: (value) => (Number(value) > 100 ? 'is too much' : undefined) },
];
const TYPES: readonly TensorType[] = [
  'float32',
  'float32',
  'float32',
  'string',
  'string',
  'bool',
  'int64',
  'uint64',
  'int32',
  'uint8',
  'float16',
  'float64',
];

/** Any model: inputs of every type, of fixed and open shapes, judged or not. */
const anyModel: fc.Arbitrary<readonly V2Input[]> = fc.uniqueArray(
  fc
    .record({
      name: fc.constantFrom('x', 'Age', 'a"b', 'Größe', '', 'data'),
      type: fc.constantFrom(...TYPES),
      shape: fc.constantFrom([null, 1], [null], [null, 3], [null, 2, 2], [1, 3], [null, null], []),
      rule: fc.constantFrom(...RULES),
    })
    .map(({ name, type, shape, rule }): V2Input => {
      if (rule === undefined) return { name, type, shape };
      const { missing, ...others } = rule;
      const stand = type === 'string' ? '' : type.startsWith('float') ? missing : undefined;
      const own =
        missing === undefined || stand === undefined ? others : Object.assign(others, { missing: stand });
      return { name, type, shape, rule: own };
    }),
  { minLength: 1, maxLength: 3, selector: ({ name }) => name },
);

const number = fc.oneof(
  fc.integer({ min: 0, max: 120 }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map(String),
  fc.constantFrom(
    '-0',
    '1e3',
    '1E-2',
    '9007199254740993',
    '18446744073709551615',
    '-1',
    '256',
    '1e39',
    '0.1',
    '01',
  ),
);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }).map((value) => JSON.stringify(value)),
  fc.constantFrom('"Spain"', '"Gr\\u00f6\\u00dfe"', '""', '"\\u0000"', '"\\ud800"', '"\\n"', '"'),
);
/** An element, mostly one that the type has. */
const element = (type: TensorType): fc.Arbitrary<string> => {
  const own =
    type === 'string'
      ? fc.constantFrom('"Spain"', '"Gr\\u00f6\\u00dfe"', '"名前"', '""')
      : type === 'bool'
        ? fc.constantFrom('true', 'false', '0', '1', '1.0')
        : fc.integer({ min: 0, max: 100 }).map(String);
  return fc.oneof(
    { weight: 60, arbitrary: own },
    { weight: 2, arbitrary: type === 'string' ? text : number },
    fc.constantFrom('null', 'true', '2', '"x"', '[1]', '{}'),
  );
};

/** Elements as an array nested by `dims`, or flat. */
function arrayText(items: readonly string[], dims: readonly number[]): string {
  if (dims.length === 0) return items[0] ?? '0';
  const [size = 0, ...inner] = dims;
  const stride = items.length / Math.max(1, size);
  const parts = Array.from({ length: size }, (_, i) =>
    arrayText(items.slice(i * stride, (i + 1) * stride), inner),
  );
  return `[${parts.join(',')}]`;
}

interface TensorText {
  readonly json: string;
  readonly bytes: Uint8Array;
}

const gap = fc.constantFrom('', '', '', ' ', '\n\t');
/** How one tensor is written. */
const style = fc.record({
  rows: fc.constantFrom(1, 1, 2, 3, 0),
  how: fc.constantFrom<'flat' | 'nested' | 'binary'>('flat', 'flat', 'nested', 'binary'),
  turn: fc.nat(5),
  extra: fc.constantFrom(
    '',
    '',
    '',
    '"parameters":{}',
    '"parameters":{"content_type":"np"}',
    '"x":[{"a":null}]',
  ),
  lie: fc.oneof(
    { weight: 30, arbitrary: fc.constant('') },
    fc.constantFrom('datatype', 'shape', 'size', 'name'),
  ),
  gap,
});
type Style = typeof style extends fc.Arbitrary<infer T> ? T : never;

function tensorText(
  input: V2Input,
  { rows, how, turn, extra, lie, gap: space }: Style,
): fc.Arbitrary<TensorText> {
  const dims = input.shape.map((dim, i) => dim ?? (i === 0 ? rows : 2));
  const count = dims.reduce((product, dim) => product * dim, 1);
  const written = (data: string, bytes: Uint8Array, parameters: string): TensorText => {
    const fields = [
      `"name":${space}${JSON.stringify(lie === 'name' ? 'no' : input.name)}`,
      `"shape":[${(lie === 'shape' ? [...dims, 1] : dims).join(`${space},`)}]`,
      `"datatype":"${lie === 'datatype' ? 'BF16' : V2_DATATYPE[input.type]}"`,
      ...(parameters === '' ? [] : [parameters]),
      ...(data === '' ? [] : [`"data"${space}:${data}`]),
    ];
    return { json: `{${[...fields.slice(turn), ...fields.slice(0, turn)].join(`,${space}`)}}`, bytes };
  };
  if (how === 'binary') {
    return fc.uint8Array({ minLength: 0, maxLength: 8 }).map((noise) => {
      const bytes = binaryOf(input.type, count, noise);
      const size = lie === 'size' ? bytes.length + 1 : bytes.length;
      return written('', bytes, `"parameters":{"binary_data_size":${size}}`);
    });
  }
  return fc
    .array(element(input.type), { minLength: count, maxLength: count })
    .map((items) =>
      written(how === 'flat' ? `[${items.join(',')}]` : arrayText(items, dims), new Uint8Array(), extra),
    );
}

function binaryOf(type: TensorType, count: number, noise: Uint8Array): Uint8Array {
  const strings = Array.from({ length: count }, (_, i) => `t${noise[i] ?? ''}`);
  if (type === 'string') return writeBinary({ type, dims: [count], data: strings });
  const size = {
    bool: 1,
    int8: 1,
    uint8: 1,
    int16: 2,
    uint16: 2,
    float16: 2,
    int32: 4,
    uint32: 4,
    float32: 4,
  };
  const bytes = new Uint8Array(count * ((size as Record<string, number>)[type] ?? 8));
  bytes.set(
    type === 'bool'
      ? noise.map((byte) => byte % 3).subarray(0, bytes.length)
      : noise.subarray(0, bytes.length),
  );
  return bytes;
}

/** Any request for any model, as bytes, and edits that may break it. */
export const anyDocument = anyModel.chain((inputs) =>
  fc
    .tuple(
      fc.array(style, { minLength: inputs.length, maxLength: inputs.length }),
      fc.constantFrom('', '', '"id":"a\\u0062"', '"id":7', '"id":null', '"model_name":"x"'),
      fc.constantFrom(
        '',
        '',
        '"parameters":{"binary_data_output":true}',
        '"parameters":{"sequence_id":1}',
        '"outputs":[{"name":"label"}]',
        '"outputs":[{"name":"y","parameters":{"binary_data":true}}]',
        '"outputs":null',
        '"outputs":[]',
        '"outputs":[{"name":"z"}]',
      ),
      fc.boolean(),
      anyEdits,
    )
    .chain(([styles, id, more, header, edits]) =>
      fc.tuple(...inputs.map((input, i) => tensorText(input, styles[i] ?? ({} as Style)))).map((tensors) => {
        const parts = [id, `"inputs":[${tensors.map(({ json }) => json).join(',')}]`, more].filter(
          (part) => part !== '',
        );
        const json = Buffer.from(`{${parts.join(',')}}`);
        const bytes = Buffer.concat(tensors.map((tensor) => tensor.bytes));
        return { inputs, edits, json, bytes, header: header || bytes.length > 0 };
      }),
    ),
);
