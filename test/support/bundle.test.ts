import { expect, test } from 'vitest';
import { goldenSchema, manifestSchema } from '#contract/model-manifest.ts';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { linearBundle } from './bundle.ts';

const text = (bytes: Uint8Array | undefined): unknown => JSON.parse(Buffer.from(bytes ?? []).toString());

test('the linear bundle is valid, and its model answers what golden.json says', async () => {
  const files = linearBundle({ weight: 5 });
  manifestSchema.parse(text(files.get('model.json')));
  const golden = goldenSchema.parse(text(files.get('golden.json')));
  const session = await InferenceSession.create(files.get('model.onnx') ?? new Uint8Array());
  const feed = (value: number) => new Tensor('float32', [value], [1, 1]);
  const { value } = await session.run({ x: feed(3), y: feed(1) });
  expect(value?.data[0]).toBe(16);
  expect(golden.rows[0]?.output['value']).toEqual([16]);
});
