import type { Row } from '../row.ts';
import type { NumberArray, NumberArrayOptions } from './array.ts';
import { takeNumberArray } from './array.ts';
import { ByteReader, CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET } from './bytes.ts';
import type { RowScanner } from './row.ts';
import { skipValue } from './skip.ts';
import { Vocabulary } from './vocabulary.ts';

export { compileRowScanner, fittedShape, type RowScanner, type ScanColumn } from './row.ts';
export { takeNumberArray, type NumberArray, type NumberArrayOptions } from './array.ts';
export {
  ByteReader,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  FALSE,
  KIND_OF,
  NULL,
  OPEN_BRACE,
  OPEN_BRACKET,
  TRUE,
} from './bytes.ts';
export { takeNumber } from './number.ts';
export { skipValue } from './skip.ts';
export { Vocabulary } from './vocabulary.ts';

/** Reads a whole body; undefined where the parser has to, which then reads the same or says what is wrong. */
export type BodyScanner<T> = (body: Buffer) => T | undefined;

/** Compiles a scanner of bodies that are one row. */
export function compileRowBody(row: RowScanner): BodyScanner<Row> {
  return (body) => whole(new ByteReader(body), row);
}

/** Compiles a scanner of bodies {"<field>": [<row>, ...]} of 1 to `limit` rows. */
export function compileBatchBody(row: RowScanner, field: string, limit: number): BodyScanner<readonly Row[]> {
  const keys = new Vocabulary([field]);
  return (body) => whole(new ByteReader(body), (reader) => takeBatch(reader, row, keys, limit));
}

/**
 * Reads the array of numbers that starts at byte `at` of a body (whitespace may come first) into a typed array of
 * `options.type`. `end` is the first byte behind it. Undefined where the parser has to read it (see takeNumberArray).
 * The bytes around the array are not looked at.
 */
export function scanNumberArray(
  body: Buffer,
  at: number,
  options: NumberArrayOptions,
): (NumberArray & { readonly end: number }) | undefined {
  const reader = new ByteReader(body, at);
  const array = takeNumberArray(reader, options);
  return array === undefined ? undefined : { ...array, end: reader.at };
}

function whole<T>(reader: ByteReader, read: (reader: ByteReader) => T | undefined): T | undefined {
  const value = read(reader);
  return value !== undefined && reader.ended() ? value : undefined;
}

function takeBatch(
  reader: ByteReader,
  row: RowScanner,
  keys: Vocabulary,
  limit: number,
): readonly Row[] | undefined {
  let rows: readonly Row[] | undefined;
  if (!reader.take(OPEN_BRACE)) return undefined;
  do {
    if (!reader.takeString()) return undefined;
    const known = keys.find(reader) >= 0;
    if (!reader.take(COLON)) return undefined;
    if (!known) {
      if (!skipValue(reader)) return undefined;
    } else {
      // Rows that are given twice: rare enough for the parser.
      if (rows !== undefined) return undefined;
      rows = takeRows(reader, row, limit);
      if (rows === undefined) return undefined;
    }
  } while (reader.take(COMMA));
  return reader.take(CLOSE_BRACE) ? rows : undefined;
}

function takeRows(reader: ByteReader, row: RowScanner, limit: number): readonly Row[] | undefined {
  if (!reader.take(OPEN_BRACKET)) return undefined;
  const rows: Row[] = [];
  do {
    const cells = row(reader);
    if (cells === undefined || rows.length === limit) return undefined;
    rows.push(cells);
  } while (reader.take(COMMA));
  return reader.take(CLOSE_BRACKET) ? rows : undefined;
}
