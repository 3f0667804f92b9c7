import { join } from 'node:path';
import { readCases, writeCase } from '../corpus.ts';
import type { Start } from './forms.ts';

const CORPUS = join(import.meta.dirname, 'corpus');

interface Kept {
  readonly model: Start['model'];
  /** The document's bytes as latin1. */
  readonly document: string;
}

/** Documents that a scanner once read otherwise, or nearly did. */
export function readDocuments(): readonly (readonly [file: string, Start])[] {
  return readCases(CORPUS).map(([name, kept], i) => {
    const { model, document } = kept as Kept;
    return [`${name} ${i + 1}`, { model, document: Buffer.from(document, 'latin1') }] as const;
  });
}

/** Keeps a document; returns the file. */
export function keepDocument({ model, document }: Start): string {
  const kept: Kept = { model, document: document.toString('latin1') };
  return writeCase(CORPUS, JSON.stringify(kept), kept);
}
