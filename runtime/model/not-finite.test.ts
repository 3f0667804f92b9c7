import { expect, test } from 'vitest';
import { sha256 } from '#contract/canonical.ts';
import { Folder, post, startServer } from '#runtime/testing.ts';
import type { BundleFiles } from '#test/support/bundle.ts';
import { onnxModel } from '#test/support/onnx.ts';

/** A bundle that answers the logarithms of its row, NaN for what is negative, and `fields` of what they mean. */
function logarithms(task: string, columns: number, fields: object): BundleFiles {
  const model = onnxModel({
    inputs: [{ name: 'x', type: 'float32', shape: ['N', columns] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N', columns] }],
    nodes: [{ op: 'Log', inputs: ['x'], outputs: ['y'] }],
  });
  const shape = [null, columns];
  const manifest = {
    formatVersion: 1,
    name: 'm',
    version: '1',
    task,
    files: { 'model.onnx': { sha256: sha256(model), size: model.byteLength } },
    inputs: [{ name: 'x', type: 'float32', shape }],
    outputs: [{ name: 'y', type: 'float32', shape }],
    decision: { output: 'y' },
    ...fields,
  };
  return new Map([
    ['model.onnx', model],
    ['model.json', Buffer.from(JSON.stringify(manifest))],
  ]);
}

const LABEL = { response: { predict: { answer: { from: 'label' } } } };

test.each([
  ['regression', 1, {}],
  ['binary-classification', 1, { labels: ['no', 'yes'], ...LABEL }],
  ['image-classification', 3, { labels: ['a', 'b', 'c'], ...LABEL }],
])(
  'a NaN of a %s has no label and no number, goes out as binary data, and counts once',
  async (task, columns, fields) => {
    await using folder = await Folder.create(logarithms(task, columns, fields));
    const server = await startServer(folder.path);
    try {
      const row = Array.from({ length: columns }, () => -1);
      const named = await post(`${server.url}/predict`, { x: columns === 1 ? -1 : row });
      expect([named.status, named.body.code]).toEqual([422, 'AnswerNotFinite']);

      const inputs = [{ name: 'x', shape: [1, columns], datatype: 'FP32', data: row }];
      const answer = await fetch(`${server.url}/v2/models/m/infer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ inputs, parameters: { binary_data_output: true } }),
      });
      expect(answer.status).toBe(200);
      const bytes = Buffer.from(await answer.arrayBuffer());
      expect(bytes.readFloatLE(bytes.length - 4)).toBeNaN();

      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      const answers = metrics.match(/^http_requests_total\{.*infer.*\} \d+$/gm);
      expect(answers).toEqual([
        'http_requests_total{method="POST",path="/v2/models/:name/infer",status="200"} 1',
      ]);
      expect(metrics).toContain('predictions_total{outcome="other"} 1');
    } finally {
      await server.stop();
    }
  },
);
