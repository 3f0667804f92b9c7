import type { TensorType } from '#contract/model-manifest.ts';
import { allocate, elementCount, setElement, type TensorData } from '#runtime/engine/tensor.ts';
import { elementProblem, toElement } from './elements.ts';
import type { ElementRule } from './scalar.ts';
import { quote, report, type Path, type Problem } from './errors.ts';

/** A tensor's elements with their dimensions. */
export interface Nested {
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** What an array is read as: a type and dimensions, null for any size; and what its elements must be beside that. */
export interface Expected {
  readonly type: TensorType;
  readonly rule?: ElementRule;
  readonly dims: readonly (number | null)[];
}

/** Reads nested or flat JSON arrays as a tensor. Reports what does not fit, and gives undefined then. */
export function readNested(
  given: unknown,
  expected: Expected,
  path: Path,
  problems: Problem[],
): Nested | undefined {
  // A batch of one, fixed in the graph, may be left out.
  const value =
    expected.dims[0] === 1 && depth(given) === expected.dims.length - 1 && depth(given) > 1 ? [given] : given;
  const dims = dimsOf(value, expected);
  const wanted = `[${expected.dims.map((dim) => dim ?? 'any').join(', ')}]`;
  if (dims === undefined) {
    report(problems, path, `must be an array of shape ${wanted}, got ${describe(value)}`);
    return undefined;
  }
  const flat = isFlat(value, dims);
  const before = problems.length;
  // What the first elements suggest may be far more than there is: room is made for what is there.
  const data = allocate(expected.type, flat || isRegular(value, dims) ? elementCount(dims) : 0);
  const read = flat ? fillFlat : fill;
  read({ type: expected.type, rule: expected.rule, data, problems, path, wanted }, value, dims, 0);
  return problems.length === before ? { dims, data } : undefined;
}

function depth(value: unknown): number {
  let levels = 0;
  for (let level = value; Array.isArray(level) && levels <= 8; level = level[0] as unknown) levels++;
  return levels;
}

/** Dimensions that the value's first elements suggest, where they fit; a flat array takes them from `expected`. */
function dimsOf(value: unknown, { dims }: Expected): readonly number[] | undefined {
  const found: number[] = [];
  let level = value;
  while (Array.isArray(level) && found.length <= dims.length) {
    found.push(level.length);
    level = level[0];
  }
  if (found.length === dims.length && dims.every((dim, i) => dim === null || dim === found[i])) return found;
  return found.length === 1 ? inferDims(found[0] ?? 0, dims) : undefined;
}

/** The one dimension of any size follows from the number of elements. */
function inferDims(length: number, dims: readonly (number | null)[]): readonly number[] | undefined {
  const known = elementCount(dims.map((dim) => dim ?? 1));
  const unknown = dims.filter((dim) => dim === null).length;
  if (unknown === 0) return known === length ? dims.map((dim) => dim ?? 0) : undefined;
  return unknown === 1 && known > 0 && length % known === 0
    ? dims.map((dim) => dim ?? length / known)
    : undefined;
}

function isFlat(value: unknown, dims: readonly number[]): boolean {
  if (dims.length === 1 || !Array.isArray(value) || Array.isArray(value[0])) return false;
  return elementCount(dims) > 0 || (dims.length > 1 && value.length === 0 && dims[0] !== 0);
}

/** Whether every array has the size that its level's first one has. */
function isRegular(value: unknown, dims: readonly number[]): boolean {
  const [size, ...inner] = dims;
  if (size === undefined) return true;
  if (!Array.isArray(value) || value.length !== size) return false;
  return inner.length === 0 || value.every((item) => isRegular(item, inner));
}

interface Target {
  readonly type: TensorType;
  readonly rule: ElementRule | undefined;
  readonly data: TensorData;
  readonly problems: Problem[];
  readonly path: Path;
  readonly wanted: string;
}

function fillFlat(target: Target, value: unknown, dims: readonly number[], at: number): void {
  fill(target, value, [elementCount(dims)], at);
}

/** Recurses once per dimension, of which a tensor has at most eight. */
function fill(target: Target, value: unknown, dims: readonly number[], at: number): void {
  const [size = 1, ...inner] = dims;
  if (dims.length === 0) return setOne(target, value, at);
  if (!Array.isArray(value) || value.length !== size) {
    const message = `must be an array of shape ${target.wanted}; one inside it is not of ${size} elements: ${describe(value)}`;
    report(target.problems, target.path, message);
  } else if (inner.length === 0) {
    for (let i = 0; i < size; i++) setOne(target, value[i], at + i, i);
  } else {
    const stride = elementCount(inner);
    for (let i = 0; i < size; i++) {
      fill({ ...target, path: [...target.path, i] }, value[i], inner, at + i * stride);
    }
  }
}

function setOne(target: Target, value: unknown, at: number, index?: number): void {
  const { type, rule, data, problems, path } = target;
  if (value === null && rule?.missing !== undefined) return setElement(data, at, rule.missing);
  const problem = elementProblem(type, value) ?? rule?.limits?.(value);
  if (problem === undefined) setElement(data, at, toElement(type, value));
  else report(problems, index === undefined ? path : [...path, index], problem);
}

function describe(value: unknown): string {
  if (!Array.isArray(value)) return quote(value);
  const sizes: number[] = [];
  let level: unknown = value;
  while (Array.isArray(level) && sizes.length <= 8) {
    sizes.push(level.length);
    level = level[0];
  }
  return `an array of shape [${sizes.join(', ')}${Array.isArray(level) ? ', ...' : ''}]`;
}
