import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Folder, post, startServer, type TestServer } from '#runtime/testing.ts';
import { onnxModel, type OnnxType } from '#test/support/onnx.ts';

const TYPES: readonly (readonly [OnnxType, string, readonly unknown[]])[] = [
  ['bool', 'BOOL', [true, false]],
  ['uint8', 'UINT8', [0, 255]],
  ['uint16', 'UINT16', [0, 65535]],
  ['uint32', 'UINT32', [0, 4294967295]],
  ['int8', 'INT8', [-128, 127]],
  ['int16', 'INT16', [-32768, 32767]],
  ['int32', 'INT32', [-2147483648, 2147483647]],
  ['float16', 'FP16', [-1.5, 65504]],
  ['float32', 'FP32', [-1.5, 16777216]],
  ['float64', 'FP64', [-1.1, 1e300]],
  ['string', 'BYTES', ['', 'Grüße "\n']],
];

let folder: Folder;
const servers = new Map<OnnxType, TestServer>();

/** A graph that gives its input back. */
async function echo(type: OnnxType): Promise<TestServer> {
  const model = onnxModel({
    inputs: [{ name: 'x', type, shape: ['N'] }],
    outputs: [{ name: 'y', type, shape: ['N'] }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
  const server = await startServer(await folder.write(`${type}.onnx`, model));
  servers.set(type, server);
  return server;
}

beforeAll(async () => {
  folder = await Folder.create();
});

afterAll(async () => {
  for (const server of servers.values()) await server.stop();
  await folder[Symbol.asyncDispose]();
});

const infer = async (type: OnnxType, datatype: string, data: unknown, shape: readonly number[]) => {
  const server = servers.get(type) ?? (await echo(type));
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
    const server = servers.get('int64') ?? (await echo('int64'));
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

test('infinite answers cannot be JSON and say so', async () => {
  const model = onnxModel({
    inputs: [{ name: 'x', type: 'float32', shape: ['N'] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N'] }],
    nodes: [{ op: 'Log', inputs: ['x'], outputs: ['y'] }],
  });
  const server = await startServer(await folder.write('log.onnx', model));
  const inputs = (value: number) => ({
    inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [value] }],
  });
  const [bad, good] = await Promise.all(
    [-1, 1].map((value) => post(`${server.url}/v2/models/log/infer`, inputs(value))),
  );
  await server.stop();
  expect(bad?.status).toBe(422);
  expect(bad?.body.error).toMatch(/NaN/);
  expect(good?.body.outputs[0]?.data).toEqual([0]);
});

test('a graph with fixed dimensions takes them, nested or flat', async () => {
  const model = onnxModel({
    inputs: [{ name: 'x', type: 'float32', shape: [1, 2, 2] }],
    outputs: [{ name: 'y', type: 'float32', shape: [1, 2, 2] }],
    nodes: [{ op: 'Transpose', inputs: ['x'], outputs: ['y'], attributes: { perm: { ints: [0, 2, 1] } } }],
  });
  const server = await startServer(await folder.write('fixed.onnx', model));
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
  await server.stop();
});
