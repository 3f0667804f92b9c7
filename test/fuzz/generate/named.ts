import * as fc from 'fast-check';
import type { TargetInput, TargetSchema } from '../schema.ts';
import { anything, list, map, mostly, numbers, raw, strings, text, type Node } from './json.ts';

const LEAST: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
};

/** An element that the input takes. */
export function rightElement({ type, values, range, integer }: TargetInput): fc.Arbitrary<Node> {
  if (values !== undefined) {
    return fc
      .constantFrom(...values)
      .map((value) => (typeof value === 'string' ? text(value) : raw(String(value))));
  }
  if (type === 'string') return strings.map(text);
  if (type === 'bool') return fc.constantFrom('true', 'false', '1', '0').map(raw);
  const [least, greatest] = LEAST[type] ?? [-1000, 1000];
  const min = Math.max(least, range?.min ?? least);
  const max = Math.min(greatest, range?.max ?? greatest);
  if (type in LEAST || integer)
    return fc.integer({ min: Math.ceil(min), max: Math.floor(max) }).map((n) => raw(String(n)));
  return fc.double({ min, max, noNaN: true }).map((n) => raw(String(n)));
}

export function element(input: TargetInput): fc.Arbitrary<Node> {
  return mostly(rightElement(input), fc.oneof(numbers, anything), 30);
}

/** Elements in nested lists of these sizes. */
export function nested(sizes: readonly number[], one: fc.Arbitrary<Node>): fc.Arbitrary<Node> {
  const [size, ...inner] = sizes;
  if (size === undefined) return one;
  return fc.array(nested(inner, one), { minLength: size, maxLength: size }).map(list);
}

/** A size for each dimension that has none. */
export function sizesOf(shape: readonly (number | null)[]): fc.Arbitrary<readonly number[]> {
  return fc.tuple(
    ...shape.map((dim) => (dim === null ? fc.constantFrom(1, 1, 2, 3, 0) : fc.constant(Math.min(dim, 4096)))),
  );
}

/** A field of a row: its one element, its elements in lists or in one list, or anything. */
function cell(input: TargetInput, merging: boolean): fc.Arbitrary<Node> {
  const shape = input.shape.slice(merging ? 1 : 0);
  const one = element(input);
  const shaped = sizesOf(shape).chain((sizes) => {
    const count = sizes.reduce((product, size) => product * size, 1);
    const flat = nested([Math.min(count, 4096)], one);
    if (sizes.every((size) => size === 1)) return mostly(one, nested(sizes, one), 6);
    return mostly(nested(sizes, one), flat, 3);
  });
  return mostly(shaped, anything, 30);
}

/** An object of named features. */
export function row({ inputs, merging }: TargetSchema): fc.Arbitrary<Node> {
  const fields = inputs.map((input) =>
    mostly(
      cell(input, merging).map((value): readonly [string, Node][] => [[input.name, value]]),
      fc.oneof(
        fc.constant<readonly [string, Node][]>([]),
        cell(input, merging).map((value): readonly [string, Node][] => [[input.name.toUpperCase(), value]]),
        fc.tuple(cell(input, merging), anything).map(([a, b]): readonly [string, Node][] => [
          [input.name, a],
          [input.name, b],
        ]),
      ),
      25,
    ),
  );
  const extra = mostly(
    fc.constant<readonly [string, Node][]>([]),
    fc.array(fc.tuple(strings, anything), { maxLength: 3 }),
    6,
  );
  return fc
    .tuple(fc.tuple(...fields), extra, fc.boolean())
    .map(([entries, more, turned]) =>
      map(turned ? [...more, ...entries.flat().toReversed()] : [...entries.flat(), ...more]),
    );
}

/** Rows under the name that the model has for them. */
export function batch(schema: TargetSchema): fc.Arbitrary<Node> {
  const rows = fc.oneof(
    { weight: 8, arbitrary: fc.array(row(schema), { maxLength: 5 }).map(list) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(row(schema), fc.constantFrom(40, 64, 65, 1001))
        .map(([one, times]) => list(Array.from({ length: times }, () => one))),
    },
    { weight: 1, arbitrary: anything },
  );
  const key = mostly(fc.constant(schema.rows), fc.oneof(fc.constant('rows'), strings), 20);
  return fc
    .tuple(key, rows, fc.array(fc.tuple(strings, anything), { maxLength: 1 }))
    .map(([name, value, more]) => map([[name, value], ...more]));
}
