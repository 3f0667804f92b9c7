import type { ModelInput } from '#contract/model-manifest.ts';
import type { RowShapes } from '#runtime/engine/job.ts';
import { copyElements, setElement, type Element, type TensorData } from '#runtime/engine/tensor.ts';
import { isFull, quote, report, type Path, type Problem } from './errors.ts';
import { isObject } from './json.ts';
import { readNested } from './nested.ts';
import type { Cell, Row } from './row.ts';
import { compileAccept, compileScalar, elementRule, isSingle, type ScalarReader } from './scalar.ts';
import { compileRowScanner, type RowScanner, type ScanColumn } from './scan/index.ts';

export interface FeatureReader {
  /** Reads an object's bytes without parsing it first; what it is not certain of is for `read`, whose rows it gives. */
  readonly scan: RowScanner;
  /** Reads a JSON object of named features; adds what is wrong with it, all of it, to `problems`. */
  read(value: unknown, path: Path, problems: Problem[]): Row;
  /** What the row's cells look like; equal keys may run together. */
  shapes(row: Row): RowShapes;
  /** Writes a row's cells into the inputs' elements, as row `at`. */
  write(row: Row, inputs: readonly TensorData[], at: number): void;
}

export interface FeatureOptions {
  /** The graph's input names, in its order. */
  readonly order: readonly string[];
  /** Rows are merged along the first dimension, which is then no part of a row. */
  readonly merging: boolean;
  /** A field that is no input is an error; otherwise it is ignored, as FastAPI's clients expect. */
  readonly strict: boolean;
}

interface Column {
  readonly input: ModelInput;
  readonly index: number;
  /** Dimensions of one row; null for any size. */
  readonly dims: readonly (number | null)[];
  /** Reads a bare value, where the row has one element. */
  readonly scalar: ScalarReader | undefined;
  /** What stands for a missing value; undefined where one must be given. */
  readonly missing: Element | undefined;
}

/** Compiles a reader of named features from the bundle's inputs. */
export function compileFeatures(inputs: readonly ModelInput[], options: FeatureOptions): FeatureReader {
  const columns = inputs.map((input) => column(input, options));
  const names = new Set(inputs.map(({ name }) => name));
  const fixedShapes = columns.every(({ dims }) => !dims.includes(null)) ? shapesOf([], columns) : undefined;
  return {
    scan: compileRowScanner(columns.map(scanColumn), { strict: options.strict }),
    read(value, path, problems) {
      const cells: Cell[] = [];
      if (!isObject(value)) {
        report(problems, path, `must be an object of named features, got ${quote(value)}`);
        return cells;
      }
      let absent = 0;
      for (const entry of columns) {
        const { name } = entry.input;
        const field = Object.hasOwn(value, name) ? value[name] : undefined;
        if (field === undefined) absent++;
        cells[entry.index] = readCell(entry, field, path, problems);
      }
      if (absent > 0 || options.strict) reportUnknown(value, names, options.strict, path, problems);
      return cells;
    },
    shapes: (row) => fixedShapes ?? shapesOf(row, columns),
    write(row, targets, at) {
      for (let i = 0; i < targets.length; i++) {
        const cell = row[i];
        const target = targets[i];
        if (cell === undefined || target === undefined) throw new RangeError(`no value for input ${i}`);
        if (typeof cell !== 'object') setElement(target, at, cell);
        else copyElements(target, at * cell.data.length, cell.data, 0, cell.data.length);
      }
    },
  };
}

function column(input: ModelInput, { order, merging }: FeatureOptions): Column {
  const dims = input.shape.slice(merging ? 1 : 0);
  return {
    input,
    index: order.indexOf(input.name),
    dims,
    scalar: isSingle(input, merging) ? compileScalar(input) : undefined,
    missing: elementRule(input, merging).missing,
  };
}

function scanColumn({ input, index, dims, scalar, missing }: Column): ScanColumn {
  const { name, type, values } = input;
  return {
    name,
    index,
    type,
    dims,
    missing,
    accept: scalar === undefined ? undefined : compileAccept(input),
    values: values?.filter((value) => typeof value === 'string'),
  };
}

function readCell(
  { input, dims, scalar, missing }: Column,
  value: unknown,
  path: Path,
  problems: Problem[],
): Cell {
  if (value === undefined || value === null) {
    if (missing !== undefined) return missing;
    const given = value === null ? 'it is null' : 'it is missing';
    report(problems, [...path, input.name], `is required; ${given}`);
    return '';
  }
  if (scalar !== undefined && !(Array.isArray(value) && dims.includes(null)))
    return scalar(value, path, problems);
  return readNested(value, { type: input.type, dims }, [...path, input.name], problems) ?? '';
}

function shapesOf(row: Row, columns: readonly Column[]): RowShapes {
  const dims: (readonly number[])[] = [];
  for (const { index, dims: wanted } of columns) {
    const cell = row[index];
    dims[index] = typeof cell === 'object' ? cell.dims : wanted.map((dim) => dim ?? 1);
  }
  return { key: dims.map((inner) => inner.join('x')).join(','), dims };
}

/** Says which fields are no inputs, where that may explain what is missing. */
function reportUnknown(
  fields: Readonly<Record<string, unknown>>,
  names: ReadonlySet<string>,
  strict: boolean,
  path: Path,
  problems: Problem[],
): void {
  const missing = new Map(
    [...names].filter((name) => !Object.hasOwn(fields, name)).map((name) => [simplified(name), name]),
  );
  const given = Object.keys(fields);
  // Even where every input may be missing: a row of them all has an answer, and its sender means other columns.
  if (!strict && given.length > 0 && !given.some((field) => names.has(field))) {
    report(
      problems,
      path,
      `has no input of this model: ${listed(given)}; its inputs are ${listed([...names])}`,
    );
  }
  for (const field of given) {
    if (isFull(problems)) break;
    if (names.has(field)) continue;
    const meant = missing.get(simplified(field));
    if (meant !== undefined) {
      report(problems, [...path, field.slice(0, 100)], `is no input of this model; did you mean "${meant}"?`);
    } else if (strict) {
      report(
        problems,
        [...path, field.slice(0, 100)],
        `is no input of this model; its inputs are ${[...names].slice(0, 50).join(', ')}`,
      );
    }
  }
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 30).map((name) => name.slice(0, 100));
  return shown.length < names.length
    ? `${shown.join(', ')} and ${names.length - shown.length} more`
    : shown.join(', ');
}

/** Names that differ in case and punctuation alone are one name misspelt. */
function simplified(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}
