import { stringify } from 'yaml';

export type DocumentFormat = 'json' | 'yaml';

/** A value for machines. */
export function document(format: DocumentFormat, value: unknown): string {
  return format === 'json' ? JSON.stringify(value, null, 2) : stringify(value, { lineWidth: 0 }).trimEnd();
}
