import { expect, test } from 'vitest';
import { type ModelSchema, schemaCompatibility, type SchemaField } from './schema.ts';

const x: SchemaField = { name: 'x', type: 'float32', shape: [null, 1], required: true };
const note: SchemaField = { name: 'note', type: 'string', shape: [null, 1], required: false };
const y: SchemaField = { name: 'y', type: 'float32', shape: [null, 2] };
const picture: SchemaField = {
  name: 'picture',
  type: 'uint8',
  required: false,
  image: { height: 8, width: 8 },
};
const stable: ModelSchema = { inputs: [x, note, picture], outputs: [y] };

test.each<[string, ModelSchema]>([
  ['the same schema', stable],
  ['a new optional input', { ...stable, inputs: [...stable.inputs, { ...note, name: 'more' }] }],
  ['a new output', { ...stable, outputs: [y, { ...y, name: 'z' }] }],
  ['a size that comes to be free', { ...stable, outputs: [{ ...y, shape: [null, null] }] }],
  ['a shape that is no longer told', { ...stable, outputs: [{ ...y, shape: null }] }],
])('%s is compatible', (_, candidate) => {
  expect(schemaCompatibility(stable, candidate)).toBeUndefined();
});

test.each<[string, ModelSchema, string]>([
  ['a removed input', { ...stable, inputs: [x] }, 'input "note" was removed'],
  ['a removed output', { ...stable, outputs: [] }, 'output "y" was removed'],
  [
    'another type',
    { ...stable, inputs: [{ ...x, type: 'string' }, note] },
    'input "x" was float32 and is string',
  ],
  [
    'another size',
    { ...stable, outputs: [{ ...y, shape: [null, 3] }] },
    'output "y" had the shape [any, 2] and has [any, 3]',
  ],
  [
    'a size that comes to be fixed',
    { ...stable, inputs: [{ ...x, shape: [8, 1] }, note] },
    'had the shape [any, 1] and has [8, 1]',
  ],
  [
    'an input that takes no pictures any more',
    { ...stable, inputs: [x, note, { ...picture, image: undefined }] },
    'input "picture" took pictures and takes tensors alone',
  ],
  [
    'a new required input',
    { ...stable, inputs: [x, note, { ...x, name: 'z' }] },
    'input "z" (float32) is new and required',
  ],
  [
    'an optional input that comes to be required',
    { ...stable, inputs: [x, { ...note, required: true }] },
    'input "note" was optional and is required',
  ],
])('%s is not', (_, candidate, expected) => {
  const failure = schemaCompatibility(stable, candidate);
  expect(failure?.reason).toBe('SchemaIncompatible');
  expect(failure?.message).toContain(expected);
});

test('lists every difference', () => {
  const failure = schemaCompatibility(stable, { inputs: [{ ...x, name: 'z' }], outputs: [] });
  for (const part of ['"x" was removed', '"note" was removed', '"z" (float32) is new', '"y" was removed']) {
    expect(failure?.message).toContain(part);
  }
});
