import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ModelServers, TYPES } from '#runtime/protocol/v2-echo.ts';
import { clientOrReason, runChecks, type Checks } from '#test/clients/index.ts';
import type { OnnxModel, OnnxType } from '#test/support/onnx.ts';

// The Open Inference Protocol V2, spoken by clients that others wrote. Each program in test/clients makes its checks in
// one go; here every check has a name.

const SEVERAL: OnnxModel = {
  inputs: [
    { name: 'a', type: 'float32', shape: ['N', 2] },
    { name: 'b', type: 'string', shape: ['N', 1] },
    { name: 'c', type: 'int64', shape: ['N'] },
  ],
  outputs: [
    { name: 'p', type: 'float32', shape: ['N', 2] },
    { name: 'q', type: 'string', shape: ['N', 1] },
    { name: 'r', type: 'int64', shape: ['N'] },
  ],
  nodes: [
    { op: 'Identity', inputs: ['a'], outputs: ['p'] },
    { op: 'Identity', inputs: ['b'], outputs: ['q'] },
    { op: 'Identity', inputs: ['c'], outputs: ['r'] },
  ],
};
/** MLServer's codecs make columns of what has one dimension. */
const column = (type: OnnxType): OnnxModel => ({
  inputs: [{ name: 'x', type, shape: ['N', 1] }],
  outputs: [{ name: 'y', type, shape: ['N', 1] }],
  nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
});
const FRAME: OnnxModel = {
  inputs: [
    { name: 'a', type: 'float64', shape: ['N', 1] },
    { name: 'b', type: 'int64', shape: ['N', 1] },
  ],
  outputs: [
    { name: 'p', type: 'float64', shape: ['N', 1] },
    { name: 'q', type: 'int64', shape: ['N', 1] },
  ],
  nodes: [
    { op: 'Identity', inputs: ['a'], outputs: ['p'] },
    { op: 'Identity', inputs: ['b'], outputs: ['q'] },
  ],
};
const IMAGE: OnnxModel = {
  inputs: [{ name: 'image', type: 'float32', shape: ['N', 3, 64, 64] }],
  outputs: [{ name: 'mean', type: 'float32', shape: ['N', 3, 1, 1] }],
  nodes: [{ op: 'GlobalAveragePool', inputs: ['image'], outputs: ['mean'] }],
};

let servers: ModelServers;
const models: Record<string, string> = {};

beforeAll(async () => {
  servers = await ModelServers.create();
  const others: Record<string, OnnxModel> = { several: SEVERAL, frame: FRAME, image: IMAGE };
  for (const [type] of TYPES) {
    models[type] = (await servers.echo(type)).url;
    others[`${type}_column`] = column(type);
  }
  for (const [name, model] of Object.entries(others)) models[name] = (await servers.of(name, model)).url;
});

afterAll(() => servers[Symbol.asyncDispose]());

const CHECKS = {
  triton: {
    server_and_model: 'sees the server and the model live, ready and described, versions apart',
    every_datatype_binary: 'sends and gets every datatype as binary data',
    every_datatype_json: 'sends and gets every datatype as JSON, to the last digit',
    mixed_ways: 'sends one way and gets the other',
    not_finite_binary: 'gets NaN and infinity as binary data, and as JSON an error that says so',
    compression: 'compresses requests and asks for compressed answers',
    several_tensors: 'sends and gets several tensors in any order, each its own way',
    no_rows: 'gets no rows for no rows',
    images: 'sends a batch of images',
    at_once: 'asks many times at once',
    asyncio_client: 'works through asyncio as well',
    parameters: 'may send parameters, but none whose meaning would be lost',
    errors: 'is told what is wrong',
    bad_texts: 'is told which bytes are no text',
    bomb: 'does not get more inflated than a body may hold',
  },
  kserve: {
    server_and_model: 'sees the server and the model live and ready',
    json_and_binary: 'sends and gets numbers as JSON and as binary data',
    half_floats_binary: 'sends and gets half floats, NaN among them',
    texts: 'sends and gets texts',
    long_answers_compressed: 'gets long answers compressed, as it asks for by itself',
    several_tensors: 'sends several tensors, some as JSON and some as binary data',
    errors: 'is told what is wrong',
  },
  mlserver: {
    metadata: 'reads metadata into its types',
    numpy_arrays: 'sends and gets arrays, with fields that are null or without',
    exact_integers: 'sends and gets integers of 64 bits exactly',
    strings: 'sends and gets texts',
    data_frames: 'sends a data frame, and gets the output that it asks for',
    request_codec: 'sends a request of one array',
    error_shape: 'reads every error under /v2 into its type',
    batch_client: 'infers a file of requests, in batches, as binary data and as JSON',
  },
} as const;

describe.each(['triton', 'kserve', 'mlserver'] as const)('the client of %s', async (client) => {
  const python = await clientOrReason(client);
  let outcomes: Checks = {};

  beforeAll(async () => {
    if (python !== undefined) outcomes = await runChecks(python, client, models);
  });

  test.skipIf(python === undefined).each(Object.entries(CHECKS[client]))('%s: %s', (name) => {
    expect(outcomes[name]).toBe('ok');
  });

  test.skipIf(python === undefined)('has no check without a name here', () => {
    expect(Object.keys(outcomes).toSorted()).toEqual(Object.keys(CHECKS[client]).toSorted());
  });
});
