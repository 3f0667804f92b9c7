import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '#contract/canonical.ts';
import { type FailureError } from '#contract/failure.ts';
import { type OnnxModel, onnxModel, type OnnxNode } from '#test/support/onnx.ts';
import { checkExternal, refuseExternal } from './external.ts';
import { type Inspection, inspectModel } from './inspect.ts';
import { bytes, int, message, model } from './test-bytes.ts';

const relu: OnnxNode = { op: 'Relu', inputs: ['x'], outputs: ['y'] };
const plain: OnnxModel = {
  inputs: [{ name: 'x', type: 'float32', shape: ['N', 4] }],
  outputs: [{ name: 'y', type: 'float32', shape: ['N', 4] }],
  nodes: [relu],
};

function inspect(content: Uint8Array, onExternal = refuseExternal): Promise<Inspection> {
  return inspectModel([content], { name: 'm.onnx', size: content.length, onExternal });
}

async function refusal(content: Uint8Array | OnnxModel, onExternal = refuseExternal): Promise<FailureError> {
  const { result } = await inspect(content instanceof Uint8Array ? content : onnxModel(content), onExternal);
  if ('graph' in result) throw new Error('the model passed');
  return result.failure;
}

test('reads inputs, outputs, opsets, producer and digest in one pass', async () => {
  const content = onnxModel({ ...plain, domains: { 'ai.onnx.ml': 3 } });
  const { sha256: digest, size, result } = await inspect(content);
  expect({ digest, size }).toEqual({ digest: sha256(content), size: content.length });
  expect(result).toMatchObject({
    graph: {
      inputs: [{ name: 'x', type: 'float32', shape: [null, 4] }],
      outputs: [{ name: 'y', type: 'float32', shape: [null, 4] }],
      opsets: { '': 17, 'ai.onnx.ml': 3 },
      irVersion: 8,
      producer: 'windlass-test',
      nodes: 1,
    },
  });
});

test('an input that an initializer gives a default is not required', async () => {
  const { result } = await inspect(
    onnxModel({
      ...plain,
      inputs: [...plain.inputs, { name: 'w', type: 'float32', shape: [1] }],
      initializers: [{ name: 'w', type: 'float32', dims: [1], data: [1] }],
    }),
  );
  expect('graph' in result && result.graph.inputs.map(({ name }) => name)).toEqual(['x']);
});

const external = (location: string, more: Readonly<Record<string, string>> = {}): OnnxModel => ({
  ...plain,
  initializers: [{ name: 'w', type: 'float32', dims: [4], external: { location, ...more } }],
});

const unsafeModels: readonly (readonly [string, OnnxModel | Uint8Array, RegExp])[] = [
  ['an empty file', new Uint8Array(), /m.onnx is empty \(0 bytes\)/],
  ['a pickle', Buffer.from([0x80, 4, 0x95, 1]), /Python pickle/],
  ['a zip', Buffer.from('PK\u0003\u0004rest'), /zip archive/],
  ['a web page', Buffer.from('<!doctype html>'), /HTML/],
  ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1'), /Git LFS/],
  ['a truncated file', onnxModel(plain).subarray(0, -12), /not a whole ONNX model: .*at byte \d+/],
  ['a message without a graph', Buffer.concat([int(1, 8), message(8, int(2, 17))]), /holds no graph/],
  ['a graph without an IR version', message(7), /no IR version/],
  ['a too new IR version', { ...plain, irVersion: 14 }, /IR version 14; ONNX Runtime 1.30 loads up to 13/],
  ['a too new opset', { ...plain, opset: 27 }, /opset 27 of ai.onnx; .* up to 26/],
  ['a too new ML opset', { ...plain, domains: { 'ai.onnx.ml': 6 } }, /opset 6 of ai.onnx.ml; .* up to 5/],
  [
    'an unknown domain',
    { ...plain, nodes: [{ ...relu, domain: 'my.ops' }], domains: { 'my.ops': 1 } },
    /operator "Relu" of the unknown domain "my.ops"/,
  ],
  [
    'operators of a domain that is not imported',
    { ...plain, nodes: [{ ...relu, domain: 'ai.onnx.ml' }] },
    /imports no opset/,
  ],
  [
    'a sequence as output',
    { ...plain, outputs: [{ name: 'p', type: 'float32', shape: [], container: 'sequence-of-maps' }] },
    /output "p", which is a sequence and not a tensor/,
  ],
  [
    'a map as input',
    { ...plain, inputs: [{ name: 'x', type: 'float32', shape: [], container: 'map' }] },
    /input "x", which is a map/,
  ],
  [
    'a ZipMap',
    {
      ...plain,
      domains: { 'ai.onnx.ml': 3 },
      nodes: [{ op: 'ZipMap', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['p'] }],
      outputs: [{ name: 'p', type: 'float32', shape: [], container: 'sequence-of-maps' }],
    },
    /options=\{'zipmap': False\}/,
  ],
  [
    'a type that cannot be sent',
    { ...plain, inputs: [{ name: 'x', type: 'bfloat16', shape: [1] }] },
    /input "x" of bfloat16, which cannot be sent or answered\. Cast it to float32/,
  ],
  [
    'a type that cannot be answered',
    { ...plain, outputs: [{ name: 'y', type: 'bfloat16', shape: [1] }] },
    /output "y" of bfloat16, which cannot be sent or answered\. Cast it to float32/,
  ],
  [
    'a billion declared elements',
    { ...plain, initializers: [{ name: 'w', type: 'float32', dims: [1_000_000_000], data: [1, 2, 3] }] },
    /declares 1000000000 elements \(4000000000 bytes\) and holds 12 bytes/,
  ],
  [
    'declared elements without data',
    { ...plain, initializers: [{ name: 'w', type: 'float32', dims: [1000] }] },
    /declares 1000 elements and holds 0/,
  ],
  [
    'more elements than any machine holds',
    { ...plain, initializers: [{ name: 'w', type: 'uint8', dims: [2 ** 30, 2 ** 30] }] },
    /declares .* elements; the limit/,
  ],
  [
    'a negative dimension',
    { ...plain, initializers: [{ name: 'w', type: 'float32', dims: [-4] }] },
    /negative dimension/,
  ],
  [
    'an input of a billion elements a row',
    { ...plain, inputs: [{ name: 'x', type: 'float32', shape: ['N', 1e9] }] },
    /elements in a row/,
  ],
  [
    'a constant operator that builds a trillion',
    {
      ...plain,
      nodes: [{ op: 'ConstantOfShape', inputs: ['s'], outputs: ['y'] }],
      initializers: [{ name: 's', type: 'int64', dims: [2], data: [1_000_000, 1_000_000] }],
    },
    /ConstantOfShape that builds 1.00e\+12/,
  ],
  ['external data beside a bare model', external('w.bin'), /external file "w.bin". Upload a bundle/],
  ['a name of a megabyte', model(message(11, bytes(1, 'x'.repeat(1 << 20)))), /4,096 bytes in the name/],
  [
    '2,000 inputs',
    model(...Array.from({ length: 2000 }, (_, i) => message(11, bytes(1, `x${i}`)))),
    /more than 1,024 inputs/,
  ],
  [
    'a sparse tensor of a quadrillion',
    model(message(15, int(3, 1e9), int(3, 1e6))),
    /sparse tensor .* elements/,
  ],
];

test.each(unsafeModels)('refuses %s', async (_, content, expected) => {
  const failure = await refusal(content);
  expect(failure.reason).toBe('UnsafeModel');
  expect(failure.message).toMatch(expected);
});

test('refuses subgraphs nested 10,000 deep', async () => {
  let nested: Buffer = Buffer.alloc(0);
  for (let depth = 0; depth < 3334; depth += 1) nested = message(1, message(5, message(6, nested)));
  const failure = await refusal(model(nested));
  expect(failure.message).toMatch(/nested more than 100 deep at graph.node.attribute.subgraph/);
});

const sizes: Readonly<Record<string, number>> = { 'w.bin': 16, 'model.onnx': 1 };
const bundled = checkExternal('model.onnx', (path) => sizes[path]);

test.each([
  ['/etc/passwd', {}, /absolute path/],
  ['C:\\w.bin', {}, /absolute path/],
  ['../w.bin', {}, /leaves the bundle/],
  ['a/../../w.bin', {}, /leaves the bundle/],
  ['a\\w.bin', {}, /leaves the bundle/],
  ['*/_ORT_MEM_ADDR_/*', { offset: '4096' }, /not a file name/],
  ['', {}, /without a location/],
  ['other.bin', {}, /does not list/],
  ['w.bin', { offset: '8' }, /bytes 8 to 24, past its end at 16/],
  ['w.bin', { length: '8' }, /declares 16 bytes and takes 8/],
  ['w.bin', { offset: '-1' }, /external offset "-1"/],
  ['w.bin', { length: '99999999999999999999' }, /external length/],
])('refuses external data at %s %o', async (location, more, expected) => {
  const failure = await refusal(external(location, more), bundled);
  expect(failure.reason).toBe('UnsafeModel');
  expect(failure.message).toMatch(expected);
});

test.each(['w.bin', './w.bin'])('follows external data at %s of its bundle', async (location) => {
  const { result } = await inspect(onnxModel(external(location, { offset: '0', length: '16' })), bundled);
  expect(result).toHaveProperty('graph');
});

test('external data is looked for beside the graph, not at the top of the bundle', async () => {
  const failure = await refusal(
    external('w.bin'),
    checkExternal('onnx/model.onnx', (path) => sizes[path]),
  );
  expect(failure.message).toMatch(/does not list/);
});

test('functions of the model bring a domain of their own', async () => {
  const own = Buffer.concat([
    onnxModel({ ...plain, nodes: [{ ...relu, domain: 'my.ops' }], domains: { 'my.ops': 1 } }),
    message(25, bytes(1, 'Relu'), bytes(10, 'my.ops')),
  ]);
  expect((await inspect(own)).result).toHaveProperty('graph');
});

test('bytes of tree ensembles weigh 13 times, weights twice', async () => {
  const estimate = async (value: OnnxModel) => {
    const { result } = await inspect(onnxModel(value));
    return 'graph' in result ? result.graph.estimatedMemoryBytes : Number.NaN;
  };
  const base = await estimate(plain);
  const weights = [{ name: 'w', type: 'float32', dims: [250_000], data: new Uint8Array(1_000_000) }] as const;
  expect((await estimate({ ...plain, initializers: weights })) - base).toBe(2_000_000);
  const trees = await estimate({
    ...plain,
    domains: { 'ai.onnx.ml': 3 },
    nodes: [
      {
        op: 'TreeEnsembleRegressor',
        domain: 'ai.onnx.ml',
        inputs: ['x'],
        outputs: ['y'],
        attributes: { nodes_values: { floats: Array.from({ length: 20_000 }, () => 1) } },
      },
    ],
  });
  expect((trees - base) / (13 * 100_000)).toBeCloseTo(1, 1);
});

test('damaged models never crash, hang or reject, whatever the pieces', async () => {
  const content = onnxModel({ ...external('w.bin'), domains: { 'ai.onnx.ml': 3 } });
  const mutation = fc.array(fc.tuple(fc.nat(content.length - 1), fc.integer({ min: 0, max: 255 })), {
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(
      mutation,
      fc.nat(content.length),
      fc.integer({ min: 1, max: 64 }),
      async (edits, end, step) => {
        const damaged = Uint8Array.from(content);
        for (const [at, value] of edits) damaged[at] = value;
        const parts = Array.from({ length: Math.ceil(end / step) }, (_, i) =>
          damaged.subarray(i * step, Math.min(end, (i + 1) * step)),
        );
        const { size, sha256: digest } = await inspectModel(parts, { name: 'm', onExternal: bundled });
        expect(size).toBe(end);
        expect(digest).toBe(sha256(damaged.subarray(0, end)));
      },
    ),
    { numRuns: 1000 },
  );
});

test('names that would fill the memory are refused', async () => {
  const named = (index: number) => message(5, int(2, 1), int(1, 0), bytes(8, `${index}`.padEnd(4096, 'x')));
  const failure = await refusal(model(...Array.from({ length: 5000 }, (_, index) => named(index))));
  expect(failure.message).toMatch(/names of more than 16 MiB/);
});
