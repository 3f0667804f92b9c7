import { afterAll, beforeAll, expect, test } from 'vitest';
import { Folder, GATHER } from '#runtime/testing.ts';
import { onnxModel, type OnnxModel, type OnnxType } from '#test/support/onnx.ts';
import { EngineError, Lane, RefusedRun } from './lane.ts';
import { openSession } from './session.ts';
import { allocate, setElement, type Tensor } from './tensor.ts';

let folder: Folder;

beforeAll(async () => {
  folder = await Folder.create();
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

async function open(name: string, model: OnnxModel): Promise<Lane> {
  const path = await folder.write(`${name}.onnx`, onnxModel(model));
  const session = openSession(path, { threads: 1 });
  const { inputs, outputs } = session;
  session.release();
  return Lane.open({ spec: { path, threads: 1 }, inputs, outputs });
}

function identity(type: OnnxType): OnnxModel {
  return {
    inputs: [{ name: 'x', type, shape: ['N', 2] }],
    outputs: [{ name: 'y', type, shape: ['N', 2] }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  };
}

test.each([
  'float32',
  'float64',
  'float16',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
  'string',
] as const)('%s tensors go to the thread and come back as they were', async (type) => {
  const lane = await open(type, identity(type));
  const data = allocate(type, 4);
  for (let i = 0; i < 4; i++) {
    if (type === 'string') setElement(data, i, ['Ä', '', 'b', '日本'][i] ?? '');
    else if (type.endsWith('64') && type !== 'float64') setElement(data, i, 2n ** 53n + BigInt(i));
    else setElement(data, i, i % 2);
  }
  const expected = data.slice();
  const tensor: Tensor = { type, dims: [2, 2], data };
  const { inputs, outputs } = await lane.run([tensor]);
  expect(outputs).toEqual([{ type, dims: [2, 2], data: expected }]);
  expect(inputs).toEqual([{ type, dims: [2, 2], data: expected }]);
  await lane.close();
});

test('what ONNX Runtime refuses fails that run alone, and its memory comes back', async () => {
  const lane = await open('gather', GATHER);
  const run = async (index: bigint) =>
    (await lane.run([{ type: 'int64', dims: [1, 1], data: BigInt64Array.of(index) }])).outputs[0]?.data[0];
  expect(await run(3n)).toBe(30);
  await expect(run(10n)).rejects.toThrow(RefusedRun);
  expect(await run(4n)).toBe(40);
  await lane.close();
});

test('memory of a run is used again for the next of its shape', async () => {
  const lane = await open('again', identity('float32'));
  const first = lane.tensors([[8, 2]]);
  first[0]?.data.fill(7 as never);
  const { inputs } = await lane.run(first);
  lane.keep(inputs);
  expect(lane.tensors([[4, 2]])[0]?.data).toHaveLength(8);
  expect(lane.tensors([[8, 2]])[0]?.data[0]).toBe(7);
  expect(lane.tensors([[8, 2]])[0]?.data[0]).toBe(0);
  await lane.close();
});

test('a graph that does not load says why', async () => {
  const path = await folder.write('bad.onnx', Buffer.from('x\n'));
  const opening = Lane.open({ spec: { path, threads: 1 }, inputs: [], outputs: [] });
  await expect(opening).rejects.toThrow(/failed/i);
});

test('a thread that is asked to end has not crashed, and takes no more runs', async () => {
  const lane = await open('closed', identity('float32'));
  let crashed = false;
  void lane.crashed.then(() => (crashed = true));
  await lane.close();
  expect(lane.idle).toBe(false);
  await expect(lane.run([])).rejects.toThrow(EngineError);
  expect(crashed).toBe(false);
});
