import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Start } from './forms.ts';

const CORPUS = join(import.meta.dirname, 'corpus');

interface Kept {
  readonly model: Start['model'];
  /** The document's bytes as latin1. */
  readonly document: string;
}

/** Documents that a scanner once read otherwise, or nearly did. */
export function readDocuments(): readonly (readonly [file: string, Start])[] {
  return readdirSync(CORPUS)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .flatMap((name) => {
      const read = JSON.parse(readFileSync(join(CORPUS, name), 'utf8')) as Kept | Kept[];
      return [read].flat().map(({ model, document }, i) => {
        return [`${name} ${i + 1}`, { model, document: Buffer.from(document, 'latin1') }] as const;
      });
    });
}

/** Keeps a document; returns the file. */
export function keepDocument({ model, document }: Start): string {
  const kept: Kept = { model, document: document.toString('latin1') };
  const text = `${JSON.stringify(kept, undefined, 2)}\n`;
  const file = join(CORPUS, `found-${createHash('sha256').update(text).digest('hex').slice(0, 10)}.json`);
  writeFileSync(file, text);
  return file;
}
