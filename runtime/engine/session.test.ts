import { describe, expect, test } from 'vitest';
import { Folder } from '#runtime/testing.ts';
import { onnxModel, type OnnxModel } from '#test/support/onnx.ts';
import { errorText } from './native.ts';
import { openSession } from './session.ts';

const IDENTITY: OnnxModel = {
  inputs: [{ name: 'x', type: 'float32', shape: ['N', null, 3] }],
  outputs: [{ name: 'y', type: 'float32', shape: ['N', null, 3] }],
  nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
};

async function open(bytes: Uint8Array): Promise<ReturnType<typeof openSession>> {
  await using folder = await Folder.create();
  return openSession(await folder.write('model.onnx', bytes), { threads: 1 });
}

test('a graph tells its inputs and outputs, open dimensions as null with their names', async () => {
  const session = await open(onnxModel(IDENTITY));
  const symbols = ['N', '', ''];
  expect(session.inputs).toEqual([{ name: 'x', type: 'float32', shape: [null, null, 3], symbols }]);
  expect(session.outputs).toEqual([{ name: 'y', type: 'float32', shape: [null, null, 3], symbols }]);
  const data = Float32Array.of(1, 2, 3);
  expect(session.run([{ type: 'float32', dims: [1, 1, 3], data }])).toEqual([
    { type: 'float32', dims: [1, 1, 3], data },
  ]);
  session.release();
});

describe('what cannot be served is a LoadFailed that names the fix', () => {
  test.each([
    ['bytes that are no graph', Buffer.from('x\n'), /cannot load .* Export the model/],
    [
      'a file that was cut short',
      onnxModel(IDENTITY).subarray(0, 40),
      /It is no ONNX file, or was cut short/,
    ],
    [
      'an operator that does not exist',
      onnxModel({ ...IDENTITY, nodes: [{ op: 'Frob', inputs: ['x'], outputs: ['y'] }] }),
      /Frob/,
    ],
    [
      'an output that is a sequence',
      onnxModel({
        ...IDENTITY,
        outputs: [{ name: 'y', type: 'float32', shape: [], container: 'sequence' }],
        nodes: [{ op: 'SequenceConstruct', inputs: ['x'], outputs: ['y'] }],
      }),
      /zipmap/,
    ],
  ])('%s', async (_, bytes, message) => {
    const failing = open(bytes);
    await expect(failing).rejects.toMatchObject({ reason: 'LoadFailed' });
    await expect(failing).rejects.toThrow(message);
  });
});

test("messages leave out places in ONNX Runtime's sources", () => {
  const load =
    'Load model from /m.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:187 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::ModelOptions&) ModelProto does not have a graph.\n';
  expect(errorText(new Error(load))).toBe('Load model from /m.onnx failed:ModelProto does not have a graph');
  const run =
    'Status Message: /onnxruntime_src/core/op.h:42 const T* onnxruntime::Input(int) const [with T = onnxruntime::Tensor] Missing Input: b';
  expect(errorText(new Error(run))).toBe('Status Message: Missing Input: b');
});
