import { canonicalJson } from '#contract/canonical.ts';

/** Fields that server-side apply replaces as a whole (atomic in the API's schema): an entry that others added is drift. */
const WHOLE: ReadonlySet<string> = new Set(['selector', 'metrics']);

/**
 * Whether `actual` has everything that `wanted` has. What others added beside it does not count, because a server-side
 * apply would not take it away, and the same repair would be tried for ever.
 */
export function covers(actual: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  if (Array.isArray(wanted)) {
    return Array.isArray(actual) && wanted.every((item) => actual.some((other) => covers(other, item)));
  }
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted;
  if (typeof actual !== 'object' || actual === null) return false;
  const fields = new Map(Object.entries(actual));
  return Object.entries(wanted).every(([key, value]) =>
    WHOLE.has(key) ? canonicalJson(fields.get(key)) === canonicalJson(value) : covers(fields.get(key), value),
  );
}
