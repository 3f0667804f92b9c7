import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession } from '#runtime/engine/session.ts';
import { allocate, setElement, type Element, type Tensor } from '#runtime/engine/tensor.ts';
import { flatJson } from '#runtime/protocol/tensor-json.ts';
import { V2_DATATYPE } from '#runtime/protocol/v2-datatype.ts';
import { Folder, startServer, type TestServer } from '#runtime/testing.ts';
import { onnxModel, type OnnxDim, type OnnxModel } from '#test/support/onnx.ts';
import type { TensorType } from '#contract/model-manifest.ts';

// What graphs of unusual types and shapes answer over HTTP, against what ONNX Runtime answers when it is asked directly.

const echo = (type: TensorType, shape: readonly OnnxDim[]): OnnxModel => ({
  inputs: [{ name: 'x', type, shape }],
  outputs: [{ name: 'y', type, shape }],
  nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
});

const GRAPHS: Readonly<Record<string, OnnxModel>> = {
  int64: echo('int64', ['N', 1]),
  uint64: echo('uint64', ['N', 1]),
  int64s: echo('int64', [3]),
  scalar: echo('int64', []),
  float16: echo('float16', ['N', 2]),
  float64: echo('float64', ['N', 2]),
  int8: echo('int8', ['N', 2]),
  bool: echo('bool', ['N', 2]),
  string: echo('string', ['N', 'M']),
  open: echo('uint8', ['N', 2, 'W']),
  one: echo('float32', [1, 3]),
  nonzero: {
    inputs: [{ name: 'x', type: 'float32', shape: ['M'] }],
    outputs: [{ name: 'y', type: 'int64', shape: [1, 'K'] }],
    nodes: [{ op: 'NonZero', inputs: ['x'], outputs: ['y'] }],
  },
  total: {
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 2] }],
    outputs: [{ name: 'y', type: 'float32', shape: [] }],
    nodes: [{ op: 'ReduceSum', inputs: ['x'], outputs: ['y'], attributes: { keepdims: { int: 0 } } }],
  },
  running: {
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 1] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N', 1] }],
    initializers: [{ name: 'axis', type: 'int64', dims: [], data: [0] }],
    nodes: [{ op: 'CumSum', inputs: ['x', 'axis'], outputs: ['y'] }],
  },
  turned: {
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 2] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['A', 'B'] }],
    nodes: [{ op: 'Transpose', inputs: ['x'], outputs: ['y'], attributes: { perm: { ints: [1, 0] } } }],
  },
};

interface Served {
  readonly server: TestServer;
  readonly ask: (type: TensorType, dims: readonly number[], data: readonly Element[]) => Tensor;
}
const served = new Map<string, Served>();
let folder: Folder;

beforeAll(async () => {
  folder = await Folder.create();
  for (const [name, graph] of Object.entries(GRAPHS)) {
    const path = await folder.write(`${name}.onnx`, onnxModel(graph));
    const session = openSession(path, { threads: 1 });
    const ask: Served['ask'] = (type, dims, elements) => {
      const data = allocate(type, elements.length);
      for (const [index, element] of elements.entries()) setElement(data, index, element);
      const [answer] = session.run([{ type, dims, data }]);
      if (answer === undefined) throw new Error(`${name} gives nothing`);
      return answer;
    };
    served.set(name, { server: await startServer(path), ask });
  }
}, 60_000);

afterAll(async () => {
  for (const { server } of served.values()) await server.stop();
  await folder[Symbol.asyncDispose]();
});

/** The text of the answer, because JSON.parse would round its integers. */
async function answer(name: string, path: string, body: string): Promise<string> {
  const { server } = served.get(name) ?? {};
  const response = await fetch(`${server?.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return `${response.status} ${await response.text()}`;
}

const TOP = 9223372036854775807n;
const UTOP = 18446744073709551615n;
const ODD = 9007199254740993n;

describe('V2 in JSON answers what ONNX Runtime answers', () => {
  test.each<[string, TensorType, readonly number[], readonly Element[], string]>([
    ['int64', 'int64', [3, 1], [ODD, TOP, -TOP - 1n], `[${ODD},${TOP},${-TOP - 1n}]`],
    ['uint64', 'uint64', [2, 1], [ODD, UTOP], `[${ODD},${UTOP}]`],
    ['scalar', 'int64', [], [-ODD], `[${-ODD}]`],
    ['float16', 'float16', [1, 2], [0.1, 65504], '[0.1,65504]'],
    ['float64', 'float64', [1, 2], [0.1, 5e-324], '[0.1,5e-324]'],
    ['int8', 'int8', [2, 2], [-128, 127, 0, 1], '[-128,127,0,1]'],
    ['bool', 'bool', [1, 2], [1, 0], '[true,0]'],
    ['string', 'string', [2, 2], ['a', '', '😀', 'ü'], '["a","","\\ud83d\\ude00","ü"]'],
    ['open', 'uint8', [1, 2, 3], [1, 2, 3, 4, 5, 255], '[[[1,2,3],[4,5,255]]]'],
    ['open', 'uint8', [1, 2, 0], [], '[]'],
    ['open', 'uint8', [0, 2, 5], [], '[]'],
    ['one', 'float32', [1, 3], [1, 2, 3], '[1,2,3]'],
    ['nonzero', 'float32', [3], [0, 5, 7], '[0,5,7]'],
    ['nonzero', 'float32', [2], [0, 0], '[0,0]'],
    ['nonzero', 'float32', [0], [], '[]'],
    ['total', 'float32', [2, 2], [1, 2, 3, 4], '[1,2,3,4]'],
    ['running', 'float32', [3, 1], [1, 2, 3], '[1,2,3]'],
    ['turned', 'float32', [2, 2], [1, 2, 3, 4], '[1,2,3,4]'],
  ])('%s: %s', async (name, type, dims, elements, data) => {
    const direct = served.get(name)?.ask(type, dims, elements);
    if (direct === undefined) throw new Error(`there is no ${name}`);
    const body = `{"inputs":[{"name":"x","datatype":"${V2_DATATYPE[type]}","shape":[${dims.join(',')}],"data":${data}}]}`;
    const expected = `{"name":"y","datatype":"${V2_DATATYPE[direct.type]}","shape":[${direct.dims.join(',')}],"data":${flatJson(direct)}}`;
    expect(await answer(name, `/v2/models/${name}/infer`, body)).toBe(
      `200 {"model_name":"${name}","model_version":"1","outputs":[${expected}]}`,
    );
  });
});

test.each([
  ['int64', `{"x":${ODD}}`, `{"y":${ODD}}`],
  ['int64', `{"x":${TOP}}`, `{"y":${TOP}}`],
  ['int64', `{"x":${-TOP - 1n}}`, `{"y":${-TOP - 1n}}`],
  ['uint64', `{"x":${UTOP}}`, `{"y":${UTOP}}`],
  ['int64s', `{"x":[${ODD},${TOP},-1]}`, `{"y":[${ODD},${TOP},-1]}`],
  ['scalar', `{"x":${ODD}}`, `{"y":${ODD}}`],
  ['float16', '{"x":[6e-8,65504]}', '{"y":[5.960464477539063e-8,65504]}'],
  ['bool', '{"x":[true,0]}', '{"y":[true,false]}'],
  ['string', '{"x":["\\ud83d\\ude00",""]}', '{"y":["😀",""]}'],
  ['string', '{"x":[]}', '{"y":[]}'],
  ['open', '{"x":[[],[]]}', '{"y":[[],[]]}'],
  ['one', '{"x":[1,2,3]}', '{"y":[1,2,3]}'],
  ['nonzero', '{"x":[0,0]}', '{"y":[]}'],
  ['total', '{"x":[1,2]}', '{"y":3}'],
  ['turned', '{"x":[1,2]}', '{"y":[[1],[2]]}'],
])('POST /predict to %s: %s is %s', async (name, body, expected) => {
  expect(await answer(name, '/predict', body)).toBe(`200 ${expected}`);
});

test.each([
  ['int64', `{"instances":[{"x":${ODD}},{"x":${-TOP}}]}`, `{"predictions":[{"y":${ODD}},{"y":${-TOP}}]}`],
  ['running', '{"instances":[{"x":1},{"x":2}]}', '{"predictions":[{"y":1},{"y":2}]}'],
  ['total', '{"instances":[{"x":[1,2]},{"x":[3,4]}]}', '{"predictions":[{"y":3},{"y":7}]}'],
  ['one', '{"instances":[{"x":[1,2,3]},{"x":[4,5,6]}]}', '{"predictions":[{"y":[1,2,3]},{"y":[4,5,6]}]}'],
])('POST /predict_batch to %s answers each row as if it came alone', async (name, body, expected) => {
  expect(await answer(name, '/predict_batch', body)).toBe(`200 ${expected}`);
});

test.each([
  ['int64', `{"x":${TOP + 1n}}`, `between -9223372036854775808 and ${TOP}, got ${TOP + 1n}`],
  ['uint64', '{"x":-1}', `between 0 and ${UTOP}, got -1`],
  ['float16', '{"x":[65520,1]}', 'is too large for float16: 65520'],
  ['int8', '{"x":[128,1]}', 'must be an int8, between -128 and 127, got 128'],
  ['bool', '{"x":[2,0]}', 'must be true or false, got number 2'],
  ['string', '{"x":["\\ud800"]}', 'holds half of a surrogate pair'],
  ['string', '{"x":["a\\u0000b"]}', 'holds a NUL character'],
])('what %s cannot hold is a 422: %s', async (name, body, message) => {
  const text = await answer(name, '/predict', body);
  expect(text).toMatch(/^422 /);
  expect(text).toContain(message);
});
