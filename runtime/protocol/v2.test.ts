import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { post } from '#runtime/testing.ts';
import type { OnnxModel, OnnxType } from '#test/support/onnx.ts';
import { ModelServers, TYPES } from './v2-echo.ts';

let servers: ModelServers;

beforeAll(async () => {
  servers = await ModelServers.create();
});

afterAll(() => servers[Symbol.asyncDispose]());

const infer = async (type: OnnxType, datatype: string, data: unknown, shape: readonly number[]) => {
  const server = await servers.echo(type);
  return post(`${server.url}/v2/models/${type}/infer`, { inputs: [{ name: 'x', shape, datatype, data }] });
};

test.each(TYPES)('%s values pass unchanged as %s', async (type, datatype, data) => {
  const { status, body } = await infer(type, datatype, data, [2]);
  expect(body.error).toBeUndefined();
  expect(status).toBe(200);
  expect(body.outputs).toEqual([{ name: 'y', datatype, shape: [2], data }]);
});

test.each(['9223372036854775807', '-9223372036854775808', '9007199254740993'])(
  'the integer %s is exact',
  async (number) => {
    const server = await servers.echo('int64');
    const response = await fetch(`${server.url}/v2/models/int64/infer`, {
      method: 'POST',
      body: `{"inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[${number}]}]}`,
      headers: { 'content-type': 'application/json' },
    });
    expect(await response.text()).toContain(`"data":[${number}]`);
  },
);

describe('a value that the type does not hold is a 400 that says so', () => {
  test.each<[OnnxType, string, unknown, string]>([
    ['uint8', 'UINT8', [0, 256], 'inputs[0].data[1]: must be a uint8, between 0 and 255, got 256'],
    ['int8', 'INT8', [1.5, 0], 'inputs[0].data[0]: must be a whole number, got 1.5'],
    ['bool', 'BOOL', [2, true], 'inputs[0].data[0]: must be true or false, got number 2'],
    ['float16', 'FP16', [70000, 0], 'inputs[0].data[0]: is too large for float16: 70000'],
    ['float32', 'FP32', [null, 0], 'inputs[0].data[0]: must be a number, got null'],
    ['string', 'BYTES', [1, ''], 'inputs[0].data[0]: must be a string, got number 1'],
    [
      'float32',
      'FP32',
      [1, 2, 3],
      'inputs[0].data: must be an array of shape [2], got an array of shape [3]',
    ],
    ['float32', 'FP32', 'AAAA', 'inputs[0].data: must be an array of shape [2], got string "AAAA"'],
  ])('%s %s %j', async (type, datatype, data, message) => {
    const { status, body } = await infer(type, datatype, data, [2]);
    expect(status).toBe(400);
    expect(body.error).toContain(message);
  });
});

test.each<[object, string]>([
  [{ name: 'x' }, 'inputs[0].datatype: must be FP32 for input "x", it is missing'],
  [
    { name: 'x', datatype: 'FP32', shape: [1.5], data: [1] },
    'inputs[0].shape: must be an array of whole numbers like [-1], got number 1.5 as size 0',
  ],
  [{ name: 'x', datatype: 'FP32', data: [1] }, 'must be an array of whole numbers like [-1], it is missing'],
])('the tensor %j is a 400 that says what it lacks', async (input, message) => {
  const server = await servers.echo('float32');
  const { status, body } = await post(`${server.url}/v2/models/float32/infer`, { inputs: [input] });
  expect(status).toBe(400);
  expect(body.error).toContain(message);
});

test('an output that is asked for twice is a 400, so that no short request has an enormous answer', async () => {
  const server = await servers.echo('float32');
  const inputs = [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }];
  const ask = (...names: readonly string[]) =>
    post(`${server.url}/v2/models/float32/infer`, { inputs, outputs: names.map((name) => ({ name })) });
  expect((await ask('y')).status).toBe(200);
  const { status, body } = await ask('y', 'y');
  expect(status).toBe(400);
  expect(body.error).toContain('outputs[1]: asks for output "y" twice');
});

test('infinite answers cannot be JSON and say so', async () => {
  const model: OnnxModel = {
    inputs: [{ name: 'x', type: 'float32', shape: ['N'] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N'] }],
    nodes: [{ op: 'Log', inputs: ['x'], outputs: ['y'] }],
  };
  const server = await servers.of('log', model);
  const inputs = (value: number) => ({
    inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [value] }],
  });
  const [bad, good] = await Promise.all(
    [-1, 1].map((value) => post(`${server.url}/v2/models/log/infer`, inputs(value))),
  );
  expect(bad?.status).toBe(422);
  expect(bad?.body.error).toMatch(/NaN/);
  expect(good?.body.outputs[0]?.data).toEqual([0]);
});

test('a graph with fixed dimensions takes them, nested or flat', async () => {
  const model: OnnxModel = {
    inputs: [{ name: 'x', type: 'float32', shape: [1, 2, 2] }],
    outputs: [{ name: 'y', type: 'float32', shape: [1, 2, 2] }],
    nodes: [{ op: 'Transpose', inputs: ['x'], outputs: ['y'], attributes: { perm: { ints: [0, 2, 1] } } }],
  };
  const server = await servers.of('fixed', model);
  const ask = (data: unknown) =>
    post(`${server.url}/v2/models/fixed/infer`, {
      inputs: [{ name: 'x', shape: [1, 2, 2], datatype: 'FP32', data }],
    });
  for (const data of [
    [1, 2, 3, 4],
    [
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ]) {
    expect((await ask(data)).body.outputs[0]).toMatchObject({ shape: [1, 2, 2], data: [1, 3, 2, 4] });
  }
  for (const x of [
    [
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      [1, 2],
      [3, 4],
    ],
    [1, 2, 3, 4],
  ]) {
    const predicted = await post(`${server.url}/predict`, { x });
    expect(predicted.body['y']).toEqual([
      [1, 3],
      [2, 4],
    ]);
  }
  const ragged = await ask([[[1, 2], [3]]]);
  expect(ragged.status).toBe(400);
});

describe('no rows', () => {
  const shapes = async (model: OnnxModel, name: string, shape: readonly number[]) => {
    const server = await servers.of(name, model);
    const inputs = [{ name: 'x', shape, datatype: 'FP32', data: [] }];
    const { status, body } = await post(`${server.url}/v2/models/${name}/infer`, { inputs });
    expect(status).toBe(200);
    return body.outputs.map((output) => output.shape);
  };

  test("have the output's shape, of the graph, of a run at the start or of the request", async () => {
    const x = { name: 'x', type: 'float32', shape: ['N', 2] } as const;
    const identity = { op: 'Identity', inputs: ['x'], outputs: ['y'] };
    const y = (shape: OnnxModel['outputs'][0]['shape']) => [{ name: 'y', type: 'float32', shape }] as const;
    expect(await shapes({ inputs: [x], outputs: y(['N', 2]), nodes: [identity] }, 'known', [0, 2])).toEqual([
      [0, 2],
    ]);
    expect(await shapes({ inputs: [x], outputs: y(['N', null]), nodes: [identity] }, 'open', [0, 2])).toEqual(
      [[0, 2]],
    );
    const wide = { ...x, shape: ['N', 'T'] } as const;
    expect(
      await shapes({ inputs: [wide], outputs: y(['N', 'T']), nodes: [identity] }, 'named', [0, 5]),
    ).toEqual([[0, 5]]);
  });
});

test('what says that an array is enormous costs no memory', async () => {
  const row = `[${Array.from({ length: 20_000 }, () => 0).join(',')}]`;
  const rows = `[${row}${',0'.repeat(199_999)}]`;
  const model: OnnxModel = {
    inputs: [{ name: 'x', type: 'float64', shape: ['N', 'T'] }],
    outputs: [{ name: 'y', type: 'float64', shape: ['N', 'T'] }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  };
  const server = await servers.of('enormous', model);
  const body = `{"inputs":[{"name":"x","shape":[200000,20000],"datatype":"FP64","data":${rows}}]}`;
  const answer = await post(`${server.url}/v2/models/enormous/infer`, body);
  expect(answer.status).toBe(400);
  expect(answer.body.error).toContain('one inside it is not of 20000 elements: number 0');
});

describe('a tensor without elements', () => {
  /** x of any width, and the rows' own numbers. */
  const model: OnnxModel = {
    inputs: [
      { name: 'x', type: 'float32', shape: ['N', 'T'] },
      { name: 'rows', type: 'float32', shape: ['N', 1] },
    ],
    outputs: [{ name: 'y', type: 'float32', shape: ['N', null] }],
    nodes: [{ op: 'Concat', inputs: ['x', 'rows'], outputs: ['y'], attributes: { axis: { int: 1 } } }],
  };
  const alone: OnnxModel = {
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 'T'] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N', 'T'] }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  };
  const x = (rows: number) => ({ name: 'x', shape: [rows, 0], datatype: 'FP32', data: [] });

  test('cannot ask for a billion rows in a hundred bytes', async () => {
    const server = await servers.of('hollow', alone);
    const ask = (rows: number) => post(`${server.url}/v2/models/hollow/infer`, { inputs: [x(rows)] });
    const { status, body } = await ask(1e9);
    expect(status).toBe(400);
    expect(body.error).toContain('inputs[0].shape: [1000000000, 0] has no elements');
    const few = await ask(100);
    expect([few.status, few.body.outputs[0]?.shape]).toEqual([200, [100, 0]]);
  });

  test('has as many rows as another that has elements for each', async () => {
    const server = await servers.of('backed', model);
    const data = Array.from({ length: 20_000 }, (_, i) => i);
    const rows = { name: 'rows', shape: [20_000, 1], datatype: 'FP32', data };
    const { status, body } = await post(`${server.url}/v2/models/backed/infer`, {
      inputs: [x(20_000), rows],
    });
    expect([status, body.outputs[0]?.shape]).toEqual([200, [20_000, 1]]);
    expect(body.outputs[0]?.data).toEqual(data);
  });
});
