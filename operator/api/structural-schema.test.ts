import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cel, matches } from './schema.ts';
import { structuralSchema, withRulesToDepth } from './structural-schema.ts';

const field = (schema: z.ZodType): unknown =>
  structuralSchema(z.strictObject({ field: schema })).properties?.['field'];

describe('structuralSchema', () => {
  it.each([
    [
      'an integer that fits 32 bits',
      z.int().min(0).max(10),
      { type: 'integer', format: 'int32', minimum: 0, maximum: 10 },
    ],
    ['an integer without bounds', z.int(), { type: 'integer', format: 'int64' }],
    ['an integer above zero', z.int().positive(), { type: 'integer', format: 'int64', minimum: 1 }],
    ['one fixed integer', z.literal(1), { type: 'integer', format: 'int32', enum: [1] }],
    ['a number', z.number(), { type: 'number', format: 'double' }],
    ['a time', z.iso.datetime(), { type: 'string', format: 'date-time' }],
    ['a choice', z.enum(['a', 'b']), { type: 'string', enum: ['a', 'b'] }],
    [
      'a value or null',
      z.int().min(0).max(1).nullable(),
      { type: 'integer', nullable: true, format: 'int32', minimum: 0, maximum: 1 },
    ],
    ['a default', z.boolean().default(true), { type: 'boolean', default: true }],
    [
      'a map',
      z.record(z.string(), z.boolean()),
      { type: 'object', additionalProperties: { type: 'boolean' } },
    ],
    [
      'a union of plain values',
      z.union([z.string(), z.boolean()]),
      { 'x-kubernetes-preserve-unknown-fields': true },
    ],
    [
      'an integer or a string, with the bounds of both',
      z.union([z.int().positive(), z.string().min(2).max(9)]).meta({ 'x-kubernetes-int-or-string': true }),
      { 'x-kubernetes-int-or-string': true, minimum: 1, minLength: 2, maxLength: 9 },
    ],
  ])('says %s', (_, schema, expected) => {
    expect(field(schema)).toEqual(expected);
  });

  it('tells a default inside a list, and gives it nowhere: it would be a difference for good', () => {
    const rule = z.strictObject({ window: z.string().default('1m').describe('How long.') });
    expect(field(z.array(rule))).toEqual({
      type: 'array',
      items: {
        type: 'object',
        properties: { window: { type: 'string', description: 'How long. Default: 1m.' } },
      },
    });
    expect(field(rule)).toMatchObject({ properties: { window: { default: '1m' } } });
  });

  it('says an object by its fields, and never additionalProperties beside them', () => {
    const schema = structuralSchema(z.strictObject({ a: z.string(), b: z.string().optional() }));
    expect(schema).toEqual({
      type: 'object',
      required: ['a'],
      properties: { a: { type: 'string' }, b: { type: 'string' } },
    });
  });

  it('leaves out a pattern that a rule tells with a message', () => {
    const pattern = /^s3:\/\//;
    expect(field(z.string().regex(pattern))).toEqual({ type: 'string', pattern: '^s3:\\/\\/' });
    expect(
      field(
        z
          .string()
          .regex(pattern)
          .meta(cel(matches(pattern, 'must begin with s3://'))),
      ),
    ).toEqual({
      type: 'string',
      'x-kubernetes-validations': [{ rule: "self.matches(r'^s3://')", message: 'must begin with s3://' }],
    });
  });

  it('refuses what a CustomResourceDefinition cannot say', () => {
    expect(() => field(z.union([z.strictObject({}), z.string()]))).toThrow('field: a union of objects');
    expect(() => field(z.intersection(z.string(), z.string()))).toThrow('field: no structural form of allOf');
  });

  it('adds what a shared schema does not say, and refuses to add to a field that is not there', () => {
    const schema = z.strictObject({ list: z.array(z.string()) });
    const items = structuralSchema(schema, { 'list.items': { maxLength: 3 } }).properties?.['list']?.items;
    expect(items).toEqual({ type: 'string', maxLength: 3 });
    expect(() => structuralSchema(schema, { lost: {} })).toThrow('no such field to add to: lost');
  });
});

describe('withRulesToDepth', () => {
  it('keeps the rules down to a depth and drops those below', () => {
    const rules = cel({ rule: 'true', message: 'm' });
    const schema = structuralSchema(
      z.strictObject({ spec: z.strictObject({ name: z.string().meta(rules) }).meta(rules) }),
    );
    const { spec } = withRulesToDepth(schema, 1).properties ?? {};
    expect(spec?.['x-kubernetes-validations']).toHaveLength(1);
    expect(spec?.properties?.['name']).toEqual({ type: 'string' });
  });
});
