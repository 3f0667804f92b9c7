import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { FuzzCase, StoredCase, StoredPiece } from './case.ts';

export const CORPUS = join(import.meta.dirname, 'corpus');

/** Longer pieces are kept packed. */
const READABLE = 4000;

export function readCorpus(): readonly (readonly [file: string, StoredCase])[] {
  return readCases(CORPUS).map(([name, stored]) => {
    const one = stored as StoredCase;
    return [`${name}: ${one.title}`, one] as const;
  });
}

/** What the JSON files of a folder hold, one or several each, with the file's name. */
export function readCases(folder: string): readonly (readonly [file: string, unknown])[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .flatMap((name) => {
      const stored = JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown;
      return [stored].flat().map((one) => [name, one] as const);
    });
}

/** Writes what was found into a folder, under a name that `fault` gives it; returns the file. */
export function writeCase(folder: string, fault: string, found: object): string {
  const digest = createHash('sha256').update(fault).digest('hex').slice(0, 10);
  const file = join(folder, `found-${digest}.json`);
  writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
  return file;
}

export function unpack({ model, pieces, apart = false, requests, ending = 'wait' }: StoredCase): FuzzCase {
  return { model, pieces: pieces.map(bytesOf), apart, requests, ending };
}

function bytesOf(piece: StoredPiece): Buffer {
  if (typeof piece === 'string') return Buffer.from(piece, 'latin1');
  if ('gzip' in piece) return gunzipSync(Buffer.from(piece.gzip, 'base64'));
  return Buffer.from(piece.text.repeat(piece.times), 'latin1');
}

export function pack({ model, pieces, apart, requests, ending }: FuzzCase, title: string): StoredCase {
  const stored = pieces.map((bytes): StoredPiece =>
    bytes.length > READABLE ? { gzip: gzipSync(bytes).toString('base64') } : bytes.toString('latin1'),
  );
  return { title, model, pieces: stored, apart, ...(requests === undefined ? {} : { requests }), ending };
}

/** Keeps a case that went wrong, under a name that its fault gives it; returns the file. */
export function keep(fuzzCase: FuzzCase, fault: string): string {
  mkdirSync(CORPUS, { recursive: true });
  return writeCase(CORPUS, fuzzCase.model + fault, pack(fuzzCase, fault));
}
