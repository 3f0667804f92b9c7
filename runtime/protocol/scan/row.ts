import type { TensorType } from '#contract/model-manifest.ts';
import { elementCount, type Element } from '#runtime/engine/tensor.ts';
import type { Cell, Row } from '../row.ts';
import { takeNumberArray } from './array.ts';
import {
  CLOSE_BRACE,
  COLON,
  COMMA,
  FALSE,
  KIND_OF,
  NULL,
  OPEN_BRACE,
  TRUE,
  type ByteReader,
} from './bytes.ts';
import { takeNumber } from './number.ts';
import { skipValue } from './skip.ts';
import { Vocabulary } from './vocabulary.ts';

/** A feature as a scanner sees it. */
export interface ScanColumn {
  readonly name: string;
  /** Which of the row's cells it is. */
  readonly index: number;
  readonly type: TensorType;
  /** Dimensions of one row; null for any size. */
  readonly dims: readonly (number | null)[];
  /** What stands for a missing value; undefined where one must be given. */
  readonly missing: Element | undefined;
  /** The cell for a bare value, undefined for a bad one; where the row has one element. */
  readonly accept: ((value: unknown) => Element | undefined) | undefined;
  /** The texts that may be given, where they are few. */
  readonly values: readonly string[] | undefined;
}

/** Takes a row, which must be next; undefined for anything that the parser has to judge. */
export type RowScanner = (reader: ByteReader) => Row | undefined;

type CellScanner = (reader: ByteReader) => Cell | undefined;

/** Compiles a scanner of objects of named features. With `strict` a field that is no feature is left to the parser. */
export function compileRowScanner(
  columns: readonly ScanColumn[],
  { strict }: { readonly strict: boolean },
): RowScanner {
  const keys = new Vocabulary(columns.map(({ name }) => name));
  if (new Set(columns.map(({ name }) => name)).size < columns.length) return () => undefined;
  const scanners = columns.map((column) =>
    column.accept === undefined ? arrayCell(column) : scalarCell(column),
  );
  const indexes = columns.map(({ index }) => index);
  const blank: Cell[] = [];
  for (const { index, missing } of columns) blank[index] = missing ?? NaN;
  // In which row each column was given last.
  const given = new Float64Array(columns.length);
  let turn = 0;

  return (reader) => {
    if (!reader.take(OPEN_BRACE)) return undefined;
    const cells = blank.slice();
    turn++;
    let count = 0;
    let unknown = false;
    if (!reader.take(CLOSE_BRACE)) {
      do {
        if (!reader.takeString()) return undefined;
        const key = keys.find(reader);
        if (!reader.take(COLON)) return undefined;
        const scan = scanners[key];
        if (scan === undefined) {
          unknown = true;
          if (!skipValue(reader)) return undefined;
        } else {
          const cell = scan(reader);
          if (cell === undefined) return undefined;
          // Of a key that is there twice the last one counts, as JSON.parse has it.
          cells[indexes[key] ?? 0] = cell;
          if (given[key] !== turn) count++;
          given[key] = turn;
        }
      } while (reader.take(COMMA));
      if (!reader.take(CLOSE_BRACE)) return undefined;
    }
    if (count === columns.length) return unknown && strict ? undefined : cells;
    // A field that is no feature may be a missing one misspelt.
    if (unknown) return undefined;
    return columns.every(({ missing }, i) => missing !== undefined || given[i] === turn) ? cells : undefined;
  };
}

function scalarCell({ type, accept = () => undefined, missing, values }: ScanColumn): CellScanner {
  const text = textCell(type, accept, values);
  const wide = type === 'int64' || type === 'uint64';
  // Of a longer integer a double says too little; the parser reads such exactly.
  const number = (value: number): Element | undefined =>
    wide && !Number.isSafeInteger(value) ? undefined : accept(value);
  return (reader) => {
    switch (KIND_OF[reader.peek()]) {
      case 'number':
        return number(takeNumber(reader));
      case 'string':
        return reader.takeString() ? text(reader) : undefined;
      case 'true':
        return reader.takeWord(TRUE) ? accept(true) : undefined;
      case 'false':
        return reader.takeWord(FALSE) ? accept(false) : undefined;
      case 'null':
        return reader.takeWord(NULL) ? missing : undefined;
      default:
        return undefined;
    }
  };
}

/** Reads the string that was taken. */
function textCell(
  type: TensorType,
  accept: (value: unknown) => Element | undefined,
  values: readonly string[] | undefined,
): CellScanner {
  if (type !== 'string') return () => undefined;
  if (values === undefined) return (reader) => accept(reader.text());
  // '' may stand for a missing text.
  const known = new Vocabulary([...values, '']);
  const elements = [...values, ''].map((value) => accept(value));
  return (reader) => elements[known.find(reader)];
}

function arrayCell({ type, dims }: ScanColumn): CellScanner {
  const fixed = dims.filter((dim) => dim !== null);
  const count = fixed.length === dims.length ? elementCount(fixed) : undefined;
  return (reader) => {
    const array = takeNumberArray(reader, { type, ...(count === undefined ? {} : { count }) });
    if (array === undefined) return undefined;
    const shape = fittedShape(array.dims, dims, count);
    return shape === undefined ? undefined : { dims: shape, data: array.data };
  };
}

/** The dimensions that an array of this shape has as the input's, as readNested gives them; undefined for none. */
export function fittedShape(
  given: readonly number[],
  wanted: readonly (number | null)[],
  count: number | undefined,
): readonly number[] | undefined {
  if (given.length === wanted.length) {
    return wanted.every((dim, i) => dim === null || dim === given[i]) ? given : undefined;
  }
  // A flat array of all elements.
  if (given.length === 1) return count === given[0] ? wanted.map((dim) => dim ?? 0) : undefined;
  // A batch of one, fixed in the graph, may be left out.
  const inner = wanted.slice(1);
  const fits = wanted[0] === 1 && given.length === inner.length;
  return fits && inner.every((dim, i) => dim === null || dim === given[i]) ? [1, ...given] : undefined;
}
