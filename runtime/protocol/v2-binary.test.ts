import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { post, type AnswerBody } from '#runtime/testing.ts';
import type { OnnxModel, OnnxType } from '#test/support/onnx.ts';
import { ModelServers, TYPES } from './v2-echo.ts';

let servers: ModelServers;

beforeAll(async () => {
  servers = await ModelServers.create();
});

afterAll(() => servers[Symbol.asyncDispose]());

/** POSTs a request of which `parts` are the binary data, and parts the answer likewise. */
async function inferBinary(
  type: OnnxType,
  request: object,
  parts: readonly Uint8Array[],
  headers: Readonly<Record<string, string>> = {},
) {
  const server = await servers.echo(type);
  const json = Buffer.from(JSON.stringify(request));
  const plain = Buffer.concat([json, ...parts]);
  const response = await fetch(`${server.url}/v2/models/${type}/infer`, {
    method: 'POST',
    headers: { 'inference-header-content-length': String(json.length), ...headers },
    body: headers['content-encoding'] === 'gzip' ? gzipSync(plain) : plain,
  });
  const body = Buffer.from(await response.arrayBuffer());
  const length = response.headers.get('inference-header-content-length');
  const end = length === null ? body.length : Number(length);
  const answer = JSON.parse(body.toString('utf8', 0, end)) as AnswerBody;
  return { status: response.status, headers: response.headers, answer, tail: body.subarray(end) };
}

const OUTPUT_BINARY = { outputs: [{ name: 'y', parameters: { binary_data: true } }] };
const binaryInput = (datatype: string, shape: readonly number[], size: number) => ({
  inputs: [{ name: 'x', shape, datatype, parameters: { binary_data_size: size } }],
});

describe('binary tensors', () => {
  test.each(TYPES)(
    '%s goes in as JSON, out as bytes, in again as bytes, and out as JSON',
    async (type, datatype, data) => {
      const inputs = [{ name: 'x', shape: [2], datatype, data }];
      const out = await inferBinary(type, { inputs, parameters: { binary_data_output: true } }, []);
      expect(out.headers.get('content-type')).toBe('application/octet-stream');
      const size = out.tail.length;
      expect(out.answer.outputs).toEqual([
        { name: 'y', datatype, shape: [2], parameters: { binary_data_size: size } },
      ]);
      const back = await inferBinary(type, binaryInput(datatype, [2], size), [out.tail]);
      expect(back.answer.outputs).toEqual([{ name: 'y', datatype, shape: [2], data }]);
      expect(back.headers.get('inference-header-content-length')).toBeNull();
    },
  );

  test('carry NaN and infinity, of which a JSON answer says what to ask for', async () => {
    const bytes = new Uint8Array(Float32Array.of(NaN, -Infinity).buffer);
    const { tail } = await inferBinary('float32', { ...binaryInput('FP32', [2], 8), ...OUTPUT_BINARY }, [
      bytes,
    ]);
    expect(new Uint8Array(tail)).toEqual(bytes);
    const json = await inferBinary('float32', binaryInput('FP32', [2], 8), [bytes]);
    expect(json.status).toBe(422);
    expect(json.answer.error).toMatch(
      /output "y": the model answers NaN .* ask for the output as binary data/,
    );
  });

  test('go over in the order of the outputs that were asked for, mixed with JSON', async () => {
    const model: OnnxModel = {
      inputs: [
        { name: 'a', type: 'float32', shape: ['N', 1] },
        { name: 'b', type: 'string', shape: ['N'] },
      ],
      outputs: [
        { name: 'p', type: 'float32', shape: ['N', 1] },
        { name: 'q', type: 'string', shape: ['N'] },
      ],
      nodes: [
        { op: 'Identity', inputs: ['a'], outputs: ['p'] },
        { op: 'Identity', inputs: ['b'], outputs: ['q'] },
      ],
    };
    const server = await servers.of('two', model);
    const a = { name: 'a', shape: [2, 1], datatype: 'FP32', data: [[1], [2]] };
    const b = { name: 'b', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: 10 } };
    const texts = Buffer.from('\x01\0\0\0x\x01\0\0\0y');
    const outputs = [{ name: 'q' }, { name: 'p', parameters: { binary_data: true } }];
    const json = Buffer.from(JSON.stringify({ id: '7', inputs: [b, a], outputs }));
    const response = await fetch(`${server.url}/v2/models/two/infer`, {
      method: 'POST',
      headers: { 'inference-header-content-length': String(json.length) },
      body: Buffer.concat([json, texts]),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const end = Number(response.headers.get('inference-header-content-length'));
    expect(JSON.parse(bytes.toString('utf8', 0, end))).toEqual({
      model_name: 'two',
      model_version: '1',
      id: '7',
      outputs: [
        { name: 'q', datatype: 'BYTES', shape: [2], data: ['x', 'y'] },
        { name: 'p', datatype: 'FP32', shape: [2, 1], parameters: { binary_data_size: 8 } },
      ],
    });
    expect(bytes.subarray(end)).toEqual(Buffer.from(Float32Array.of(1, 2).buffer));
  });

  test('of which the length is counted before compression, and which come back compressed', async () => {
    const floats = Float32Array.from({ length: 3000 }, (_, i) => i % 7);
    const bytes = new Uint8Array(floats.buffer);
    const request = { ...binaryInput('FP32', [3000], bytes.length), ...OUTPUT_BINARY };
    const { headers, tail } = await inferBinary('float32', request, [bytes], {
      'content-encoding': 'gzip',
      'accept-encoding': 'gzip',
    });
    expect(headers.get('content-encoding')).toBe('gzip');
    expect(new Uint8Array(tail)).toEqual(bytes);
  });

  test.each<[string, object, readonly Uint8Array[], Readonly<Record<string, string>>, string]>([
    [
      'too few',
      binaryInput('FP32', [2], 8),
      [new Uint8Array(4)],
      {},
      '4 bytes follow the JSON, but binary_data_size of the inputs adds up to 8',
    ],
    [
      'too many',
      binaryInput('FP32', [2], 8),
      [new Uint8Array(9)],
      {},
      '9 bytes follow the JSON, but binary_data_size of the inputs adds up to 8',
    ],
    [
      'of another shape',
      binaryInput('FP32', [3], 8),
      [new Uint8Array(8)],
      {},
      'inputs[0].data: has 8 bytes of binary data; shape [3] of float32 takes 12',
    ],
    [
      'of a negative size',
      binaryInput('FP32', [2], -8),
      [],
      {},
      'inputs[0].parameters.binary_data_size: must be a number of bytes, got number -8',
    ],
    [
      'beside JSON',
      {
        inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1], parameters: { binary_data_size: 4 } }],
      },
      [new Uint8Array(4)],
      {},
      'inputs[0].data: is given beside binary_data_size',
    ],
    ['beyond the body', {}, [], { 'inference-header-content-length': '3' }, 'the body has 2 bytes'],
    [
      'of no number',
      {},
      [],
      { 'inference-header-content-length': '-1' },
      'must be a number of bytes, got -1',
    ],
    [
      'for the output, neither yes nor no',
      { inputs: [], outputs: [{ name: 'y', parameters: { binary_data: 1 } }] },
      [],
      {},
      'outputs[0].parameters.binary_data: must be true or false, got number 1',
    ],
    [
      'in shared memory',
      { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', parameters: { shared_memory_region: 'r' } }] },
      [],
      {},
      'shared_memory_region: is not supported',
    ],
    [
      'of a sequence',
      { inputs: [], parameters: { sequence_id: 4 } },
      [],
      {},
      'parameters.sequence_id: is not supported',
    ],
  ])('%s are a 400', async (_, request, parts, headers, problem) => {
    const { status, answer } = await inferBinary('float32', request, parts, headers);
    expect(answer.error).toContain(problem);
    expect(status).toBe(400);
  });

  test('whose header is missing are a 400 that names it', async () => {
    const { status, body } = await post(
      `${(await servers.echo('float32')).url}/v2/models/float32/infer`,
      binaryInput('FP32', [1], 4),
    );
    expect(status).toBe(400);
    expect(body.error).toContain('the header Inference-Header-Content-Length is missing');
  });

  test('are for V2 alone', async () => {
    const { status, body } = await post(
      `${(await servers.echo('float32')).url}/predict`,
      {},
      { 'inference-header-content-length': '2' },
    );
    expect(status).toBe(400);
    expect(body.code).toBe('Unsupported');
  });
});

test('a long JSON answer comes compressed to whoever takes it so, a short one as it is', async () => {
  const data = Array.from({ length: 3000 }, (_, i) => i);
  const server = await servers.echo('float32');
  const ask = async (count: number) => {
    const inputs = [{ name: 'x', shape: [count], datatype: 'FP32', data: data.slice(0, count) }];
    return post(`${server.url}/v2/models/float32/infer`, { inputs }, { 'accept-encoding': 'gzip' });
  };
  const long = await ask(3000);
  expect(long.headers.get('content-encoding')).toBe('gzip');
  expect(long.body.outputs[0]?.data).toEqual(data);
  expect((await ask(3)).headers.get('content-encoding')).toBeNull();
});
