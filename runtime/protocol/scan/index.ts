import type { Row } from '../row.ts';
import { ByteReader, CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET } from './bytes.ts';
import type { RowScanner } from './row.ts';
import { skipValue } from './skip.ts';
import { Vocabulary } from './vocabulary.ts';

export { compileRowScanner, fittedShape, type RowScanner, type ScanColumn } from './row.ts';
export { takeNumberArray } from './array.ts';
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
