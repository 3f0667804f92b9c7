import { canonicalJson } from '#contract/canonical.ts';

/** The JSON merge patch (RFC 7386) that makes `after` of `before`; undefined when there is nothing to change. */
export function mergePatch(before: object, after: object): Readonly<Record<string, unknown>> | undefined {
  const old = new Map(Object.entries(before));
  const fields = Object.entries(after).filter(([, value]) => value !== undefined);
  const names = new Set(fields.map(([key]) => key));
  const changed = fields.filter(([key, value]) => canonicalJson(old.get(key)) !== canonicalJson(value));
  const gone = [...old.keys()].filter((key) => !names.has(key) && old.get(key) !== undefined);
  if (changed.length === 0 && gone.length === 0) return undefined;
  return Object.fromEntries([
    ...changed.map(([key, value]) => withNulls(old.get(key), key, value)),
    ...gone.map((key) => [key, null]),
  ]);
}

/** An object in a merge patch is merged, so what is gone from it has to be named. */
function withNulls(old: unknown, key: string, value: unknown): readonly [string, unknown] {
  if (!isObject(old) || !isObject(value)) return [key, value];
  return [key, mergePatch(old, value) ?? {}];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
