import type { Model } from '#runtime/model/load.ts';
import { V2_DATATYPE } from '#runtime/protocol/v2-datatype.ts';

/** A row of named features as a body of the Open Inference Protocol's infer. */
export function v2Example({ manifest }: Model, row: Readonly<Record<string, unknown>>): object {
  return {
    inputs: manifest.inputs.map(({ name, type, shape }) => {
      const value = Object.hasOwn(row, name) ? row[name] : null;
      const data = Array.isArray(value) ? value.flat(8) : [value ?? null];
      const sizes = sizesOf(value);
      // A row's value leaves the batch dimension out, and a single element its other ones too.
      const missing = shape.slice(0, Math.max(0, shape.length - sizes.length)).map(() => 1);
      return { name, shape: [...missing, ...sizes], datatype: V2_DATATYPE[type], data };
    }),
  };
}

function sizesOf(value: unknown): readonly number[] {
  const sizes: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0] as unknown) sizes.push(level.length);
  return sizes;
}

/** The schema of infer's body; which tensors there are is the model's metadata. */
export function v2RequestSchema({ manifest }: Model): object {
  const names = manifest.inputs.map(({ name }) => name);
  const datatypes = [...new Set(manifest.inputs.map(({ type }) => V2_DATATYPE[type]))];
  return {
    type: 'object',
    required: ['inputs'],
    properties: {
      id: { type: 'string', description: 'comes back in the answer' },
      inputs: {
        type: 'array',
        description: 'one tensor for each input of the model',
        items: {
          type: 'object',
          required: ['name', 'shape', 'datatype'],
          properties: {
            name: { type: 'string', enum: names },
            shape: { type: 'array', items: { type: 'integer', minimum: 0 } },
            datatype: { type: 'string', enum: datatypes },
            data: { type: 'array', items: {}, description: 'the elements, nested by dimension or flat' },
            parameters: parameters({
              binary_data_size: {
                type: 'integer',
                minimum: 0,
                description: 'instead of data: so many bytes behind the JSON are the elements',
              },
            }),
          },
        },
      },
      outputs: {
        type: 'array',
        description: 'which outputs to answer; all of them where it is missing',
        items: {
          type: 'object',
          required: ['name'],
          properties: {
            name: { type: 'string' },
            parameters: parameters({
              binary_data: { type: 'boolean', description: 'as bytes behind the JSON' },
            }),
          },
        },
      },
      parameters: parameters({
        binary_data_output: {
          type: 'boolean',
          description: 'outputs come as bytes unless they say otherwise',
        },
      }),
    },
  };
}

function parameters(properties: object): object {
  return { type: 'object', properties };
}

/** Where JSON ends and the bytes of tensors begin. */
export const V2_LENGTH_HEADER = {
  name: 'Inference-Header-Content-Length',
  in: 'header',
  required: false,
  description: 'bytes of JSON before binary tensor data, not counting compression; absent where all is JSON',
  schema: { type: 'integer', minimum: 0 },
};

/** Infer's bodies: JSON, or JSON with the bytes of tensors behind it. */
export const V2_BINARY = { 'application/octet-stream': {} };
