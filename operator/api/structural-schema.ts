import { z } from 'zod';
import type { CelRule } from './schema.ts';

/** The part of OpenAPI v3 that a CustomResourceDefinition takes ("structural": every node says its type, no $ref). */
export interface StructuralSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly default?: unknown;
  readonly nullable?: true;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
}

/** What a schema that is shared with other programs does not say for itself: path from the root -> what to add. */
export type Additions = Readonly<Record<string, StructuralSchema>>;

type Node = Readonly<Record<string, unknown>>;

const COPIED = [
  'type',
  'description',
  'default',
  'nullable',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
];
/** Said by another field of the result, or (unknown fields, key patterns) by the API server's own rules. */
const TRANSLATED = [
  'additionalProperties',
  'anyOf',
  'enum',
  'exclusiveMinimum',
  'format',
  'items',
  'maximum',
  'minimum',
  'pattern',
  'properties',
  'propertyNames',
];
const KNOWN = new Set([...COPIED, ...TRANSLATED]);
const INT32_MAX = 2 ** 31 - 1;

/** The structural schema of a zod schema. Throws, with the path, on what a CustomResourceDefinition cannot say. */
export function structuralSchema(schema: z.ZodType, additions: Additions = {}): StructuralSchema {
  const root: Node = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    cycles: 'throw',
  });
  const used = new Set<string>();
  const result = withoutListDefaults(convert(root, '', additions, used), false);
  const unused = Object.keys(additions).filter((path) => !used.has(path));
  if (unused.length > 0) throw new Error(`no such field to add to: ${unused.join(', ')}`);
  return result;
}

function convert(node: Node, path: string, additions: Additions, used: Set<string>): StructuralSchema {
  const unknown = Object.keys(node).filter((key) => !KNOWN.has(key));
  if (unknown.length > 0) throw new Error(`${path}: no structural form of ${unknown.join(', ')}`);
  if (path in additions) used.add(path);
  const child = (value: unknown, step: string): StructuralSchema =>
    convert(value as Node, path === '' ? step : `${path}.${step}`, additions, used);
  return {
    ...Object.fromEntries(COPIED.flatMap((key) => (key in node ? [[key, node[key]]] : []))),
    ...union(node, path),
    ...text(node),
    ...number(node),
    ...children(node, child),
    ...additions[path],
  };
}

/** A union has no structural form but int-or-string: its bounds are kept, and other unions take any value. */
function union(node: Node, path: string): StructuralSchema {
  const members = node['anyOf'] as readonly StructuralSchema[] | undefined;
  if (members === undefined) return {};
  if (node['x-kubernetes-int-or-string'] !== true) {
    if (members.some(({ type }) => type === 'object' || type === 'array')) {
      throw new Error(`${path}: a union of objects has no structural form`);
    }
    return { 'x-kubernetes-preserve-unknown-fields': true };
  }
  const string = members.find(({ type }) => type === 'string');
  const integer = members.find(({ type }) => type === 'integer') as Node | undefined;
  const { minimum } = integer === undefined ? {} : number(integer);
  return {
    ...(string?.minLength === undefined ? {} : { minLength: string.minLength }),
    ...(string?.maxLength === undefined ? {} : { maxLength: string.maxLength }),
    ...(minimum === undefined ? {} : { minimum }),
  };
}

function text(node: Node): StructuralSchema {
  if (node['type'] !== 'string') return {};
  if (node['format'] === 'date-time') return { format: 'date-time' };
  const rules = (node['x-kubernetes-validations'] ?? []) as readonly CelRule[];
  const told = rules.some(({ rule }) => rule.includes('self.matches('));
  return {
    ...(node['enum'] === undefined ? {} : { enum: node['enum'] as readonly unknown[] }),
    ...(node['pattern'] === undefined || told ? {} : { pattern: node['pattern'] as string }),
  };
}

function number(node: Node): StructuralSchema {
  const values = node['enum'] as readonly number[] | undefined;
  if (node['type'] === 'number' && values?.every(Number.isInteger) === true) {
    return { type: 'integer', format: 'int32', enum: values };
  }
  if (node['type'] === 'number') return { format: 'double', ...bounds(node, 0) };
  if (node['type'] !== 'integer') return {};
  const limits = bounds(node, 1);
  const small = limits.maximum !== undefined && limits.maximum <= INT32_MAX;
  return { format: small ? 'int32' : 'int64', ...limits };
}

/** zod states JavaScript's safe range where a schema has no bound of its own. An integer above 0 is one from 1 on. */
function bounds(node: Node, step: 0 | 1): StructuralSchema {
  const { minimum, maximum } = node as { minimum?: number; maximum?: number };
  const lowest = node['exclusiveMinimum'] === true && minimum !== undefined ? minimum + step : minimum;
  return {
    ...(lowest === undefined || lowest <= Number.MIN_SAFE_INTEGER ? {} : { minimum: lowest }),
    ...(maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? {} : { maximum }),
  };
}

function children(node: Node, child: (value: unknown, step: string) => StructuralSchema): StructuralSchema {
  if (node['type'] === 'array') return { items: child(node['items'], 'items') };
  if (node['type'] !== 'object') return {};
  if (node['properties'] === undefined) {
    return { additionalProperties: child(node['additionalProperties'], 'values') };
  }
  const properties = Object.entries(node['properties'] as Node);
  // The API server drops an empty list, and each apply would put it back.
  if (properties.length === 0) return {};
  return { properties: Object.fromEntries(properties.map(([name, value]) => [name, child(value, name)])) };
}

/**
 * A default inside a list would be a difference for good between what was written and what the API server keeps: kubectl
 * and Argo CD compare a list as a whole. Such a default is text, and whoever reads the list fills it in.
 */
function withoutListDefaults(schema: StructuralSchema, inList: boolean): StructuralSchema {
  const below = (child: StructuralSchema): StructuralSchema => withoutListDefaults(child, inList);
  const { default: preset, description, properties, additionalProperties, items } = schema;
  const { default: _, ...kept } = schema;
  return {
    ...(inList ? kept : schema),
    ...(inList && isPlain(preset) ? { description: `${description} Default: ${preset}.` } : {}),
    ...(properties === undefined ? {} : { properties: each(properties, below) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: below(additionalProperties) }),
    ...(items === undefined ? {} : { items: withoutListDefaults(items, true) }),
  };
}

function isPlain(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function each(
  properties: Readonly<Record<string, StructuralSchema>>,
  change: (child: StructuralSchema) => StructuralSchema,
): Readonly<Record<string, StructuralSchema>> {
  return Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, change(child)]));
}

/** The same schema without the rules that are further down than `depth`. */
export function withRulesToDepth(schema: StructuralSchema, depth: number): StructuralSchema {
  const { 'x-kubernetes-validations': rules, properties, additionalProperties, items, ...rest } = schema;
  const below = (child: StructuralSchema): StructuralSchema => withRulesToDepth(child, depth - 1);
  return {
    ...rest,
    ...(properties === undefined ? {} : { properties: each(properties, below) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: below(additionalProperties) }),
    ...(items === undefined ? {} : { items: below(items) }),
    ...(rules === undefined || depth < 0 ? {} : { 'x-kubernetes-validations': rules }),
  };
}
