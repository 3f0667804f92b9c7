import {
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
  type ByteReader,
} from './bytes.ts';
import { takeNumber } from './number.ts';

/** Deeper values are left to the parser, which does not recurse. */
const MAX_DEPTH = 32;

/** Takes a value that nobody asks for. */
export function skipValue(reader: ByteReader, depth = 0): boolean {
  switch (KIND_OF[reader.peek()]) {
    case 'string':
      return reader.takeString();
    case 'number':
      return !Number.isNaN(takeNumber(reader));
    case 'true':
      return reader.takeWord(TRUE);
    case 'false':
      return reader.takeWord(FALSE);
    case 'null':
      return reader.takeWord(NULL);
    case 'array':
      return depth < MAX_DEPTH && skipArray(reader, depth + 1);
    case 'object':
      return depth < MAX_DEPTH && skipObject(reader, depth + 1);
    default:
      return false;
  }
}

function skipArray(reader: ByteReader, depth: number): boolean {
  reader.take(OPEN_BRACKET);
  if (reader.take(CLOSE_BRACKET)) return true;
  do {
    if (!skipValue(reader, depth)) return false;
  } while (reader.take(COMMA));
  return reader.take(CLOSE_BRACKET);
}

function skipObject(reader: ByteReader, depth: number): boolean {
  reader.take(OPEN_BRACE);
  if (reader.take(CLOSE_BRACE)) return true;
  do {
    if (!reader.takeString() || !reader.take(COLON) || !skipValue(reader, depth)) return false;
  } while (reader.take(COMMA));
  return reader.take(CLOSE_BRACE);
}
