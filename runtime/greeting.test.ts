import { expect, test } from 'vitest';
import { onnxModel, type OnnxDim, type OnnxModel } from '#test/support/onnx.ts';
import { greeting } from './greeting.ts';
import { Folder, startServer } from './testing.ts';

const echo = (shape: readonly OnnxDim[]): OnnxModel => ({
  inputs: [{ name: 'x', type: 'float32', shape }],
  outputs: [{ name: 'y', type: 'float32', shape }],
  nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
});

test('a request that is too long for a command is neither printed nor repeated in the API document', async () => {
  await using folder = await Folder.create(new Map([['model.onnx', onnxModel(echo(['N', 3, 64, 64]))]]));
  const server = await startServer(folder.path);
  try {
    expect(greeting(server.model, '127.0.0.1', 8080)).toContain('too long for a command');
    const document = await (await fetch(`${server.url}/openapi.json`)).text();
    expect(document.length).toBeLessThan(50_000);
  } finally {
    await server.stop();
  }
});

test('a model whose rows do not run together is described, and asked, with its whole tensors', async () => {
  await using folder = await Folder.create(new Map([['model.onnx', onnxModel(echo([3]))]]));
  const server = await startServer(folder.path);
  try {
    expect(greeting(server.model, '127.0.0.1', 8080)).toContain(`-d '{"x":[0.5,0.5,0.5]}'`);
    const document: unknown = await (await fetch(`${server.url}/openapi.json`)).json();
    expect(document).toMatchObject({
      components: { schemas: { Features: { properties: { x: { type: 'array' } } } } },
    });
  } finally {
    await server.stop();
  }
});
