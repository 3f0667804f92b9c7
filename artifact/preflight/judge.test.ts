import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { type OnnxModel, onnxModel } from '#test/support/onnx.ts';
import { refuseExternal } from './external.ts';
import { inspectModel } from './inspect.ts';
import { RUNTIME_SUPPORT } from './judge.ts';

const plain: OnnxModel = {
  inputs: [{ name: 'x', type: 'float32', shape: ['N'] }],
  outputs: [{ name: 'y', type: 'float32', shape: ['N'] }],
  nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
};
const { irVersion, domains } = RUNTIME_SUPPORT;
const ml: OnnxModel = {
  ...plain,
  nodes: [{ op: 'Binarizer', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['y'] }],
};

const atLimit: readonly (readonly [string, (over: number) => OnnxModel])[] = [
  ['IR version', (over) => ({ ...plain, irVersion: irVersion + over })],
  ['opset of ai.onnx', (over) => ({ ...plain, opset: domains[''] + over })],
  ['opset of ai.onnx.ml', (over) => ({ ...ml, domains: { 'ai.onnx.ml': domains['ai.onnx.ml'] + over } })],
];

describe('what RUNTIME_SUPPORT says of ONNX Runtime is what it does', () => {
  test.each(atLimit)('%s', async (_, build) => {
    await expect(
      InferenceSession.create(onnxModel(build(0)), { logSeverityLevel: 4 }),
    ).resolves.toBeDefined();
    await expect(InferenceSession.create(onnxModel(build(1)), { logSeverityLevel: 4 })).rejects.toThrow(
      /version/i,
    );
    expect(await passes(build(0))).toBe(true);
    expect(await passes(build(1))).toBe(false);
  });

  test('a domain that only an import names loads, one that a node uses does not', async () => {
    const imported = { ...plain, domains: { 'my.ops': 1 } };
    const used = {
      ...imported,
      nodes: [{ op: 'Identity', domain: 'my.ops', inputs: ['x'], outputs: ['y'] }],
    };
    await expect(InferenceSession.create(onnxModel(imported))).resolves.toBeDefined();
    await expect(InferenceSession.create(onnxModel(used))).rejects.toThrow(/my.ops/);
    expect(await passes(imported)).toBe(true);
    expect(await passes(used)).toBe(false);
  });
});

async function passes(model: OnnxModel): Promise<boolean> {
  const { result } = await inspectModel([onnxModel(model)], { name: 'm', onExternal: refuseExternal });
  return 'graph' in result;
}
