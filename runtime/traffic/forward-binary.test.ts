import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { REVISION_HEADER } from '#contract/names.ts';
import { Folder, startServer } from '#runtime/testing.ts';
import { onnxModel } from '#test/support/onnx.ts';

test('a request with binary data, compressed, passes through another pod unchanged, and so does its answer', async () => {
  await using folder = await Folder.create();
  const model = await folder.write(
    'echo.onnx',
    onnxModel({
      inputs: [{ name: 'x', type: 'float32', shape: ['N'] }],
      outputs: [{ name: 'y', type: 'float32', shape: ['N'] }],
      nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
    }),
  );
  const token = 'what-pods-show-one-another';
  const traffic = (url: string) =>
    JSON.stringify({ formatVersion: 1, generation: 1, token, stable: { revision: 'new', number: 2, url } });
  const trafficFile = await folder.write('traffic.json', traffic('http://127.0.0.1:9'));
  const stable = await startServer(model, { revision: 'new', trafficFile });
  await folder.write('traffic.json', traffic(stable.url));
  const old = await startServer(model, { revision: 'old', trafficFile });

  const values = Float32Array.from({ length: 5000 }, (_, i) => (i === 7 ? NaN : i % 10));
  const bytes = Buffer.from(values.buffer);
  const json = Buffer.from(
    JSON.stringify({
      inputs: [
        { name: 'x', shape: [5000], datatype: 'FP32', parameters: { binary_data_size: bytes.length } },
      ],
      parameters: { binary_data_output: true },
    }),
  );
  const ask = () =>
    fetch(`${old.url}/v2/models/echo/infer`, {
      method: 'POST',
      headers: {
        'content-encoding': 'gzip',
        'accept-encoding': 'gzip',
        'content-type': 'application/octet-stream',
        'inference-header-content-length': String(json.length),
      },
      body: gzipSync(Buffer.concat([json, bytes])),
    });
  let answer = await ask();
  for (let i = 0; i < 100 && answer.headers.get(REVISION_HEADER) !== 'new'; i++) {
    await answer.arrayBuffer();
    await sleep(20);
    answer = await ask();
  }
  expect(answer.headers.get(REVISION_HEADER)).toBe('new');
  expect(answer.headers.get('content-encoding')).toBe('gzip');
  expect(answer.headers.get('content-type')).toBe('application/octet-stream');
  const body = Buffer.from(await answer.arrayBuffer());
  const end = Number(answer.headers.get('inference-header-content-length'));
  expect(JSON.parse(body.toString('utf8', 0, end))).toMatchObject({
    outputs: [{ name: 'y', shape: [5000], parameters: { binary_data_size: bytes.length } }],
  });
  expect(body.subarray(end).equals(bytes)).toBe(true);
  await Promise.all([old.stop(), stable.stop()]);
});
