import { canonicalJson, sha256 } from '#contract/canonical.ts';
import type { ModelDeploymentSpec } from './model-deployment.ts';
import type { ModelRevisionSpec } from './model-revision.ts';

/**
 * Which values a hash leaves out, so that a field which a later release adds with a default changes no hash.
 * FROZEN: an entry is added together with its field and never changes after a release; `*` is any key or list index.
 */
interface HashRules {
  /** Path -> the value that counts as absent. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Paths where an empty object means the same as none. (Not everywhere: an empty label selector matches all.) */
  readonly emptyAsAbsent: readonly string[];
  /** Paths of quantities: 1 and "1" are the same. */
  readonly quantities: readonly string[];
}

const SERVING_EMPTY = ['serving', 'serving.resources', 'serving.resources.*', 'serving.pod'];
const SERVING_QUANTITIES = ['serving.resources.requests.*', 'serving.resources.limits.*'];
const SERVING_DEFAULTS = {
  'serving.maxBatchSize': 64,
  'serving.logLevel': 'info',
  'serving.executionProvider': 'cpu',
};

const SPEC_RULES_V1: HashRules = {
  defaults: SERVING_DEFAULTS,
  emptyAsAbsent: SERVING_EMPTY,
  quantities: SERVING_QUANTITIES,
};

const REVISION_RULES_V1: HashRules = {
  defaults: {
    ...SERVING_DEFAULTS,
    'model.inputs.*.required': true,
    'model.inputs.*.integer': false,
  },
  emptyAsAbsent: [...SERVING_EMPTY, 'model.metrics'],
  quantities: SERVING_QUANTITIES,
};

/** Hash versions that this operator can compute, newest first: an older one's hashes are still compared. */
const SPEC_HASHES: Readonly<Record<string, (spec: HashedSpec) => string>> = {
  v1: ({ model, serving }) => sha256(canonicalJson(normalise({ model, serving }, SPEC_RULES_V1))),
};
const CURRENT = 'v1';

type HashedSpec = Pick<ModelDeploymentSpec, 'model' | 'serving'>;

/** `v1:<hex>` over what of a spec decides what runs: the model and the serving settings. */
export function specHash(spec: HashedSpec): string {
  return `${CURRENT}:${hashOf(CURRENT, spec) ?? ''}`;
}

/** Whether a hash that this or an earlier release wrote is the hash of `spec`. */
export function specHashMatches(stored: string | undefined, spec: HashedSpec): boolean {
  if (stored === undefined) return false;
  const [version = '', hex] = stored.split(':', 2);
  return hex !== undefined && hashOf(version, spec) === hex;
}

/** Objects from a cache never change, and one decision asks for the same hash a dozen times. */
const known = new WeakMap<HashedSpec, Map<string, string>>();

function hashOf(version: string, spec: HashedSpec): string | undefined {
  if (!Object.hasOwn(SPEC_HASHES, version)) return undefined;
  const hashes = known.get(spec) ?? new Map<string, string>();
  known.set(spec, hashes);
  const hash = hashes.get(version) ?? SPEC_HASHES[version]?.(spec);
  if (hash !== undefined) hashes.set(version, hash);
  return hash;
}

/** Hex sha256 of a revision's content; `hashVersion` in the content says by which rules. */
export function revisionHash(spec: ModelRevisionSpec): string {
  return sha256(canonicalJson(normalise(spec, REVISION_RULES_V1)));
}

/** `<md>-<first 10 hex digits>`: at most 63 characters, because a ModelDeployment's name has at most 52. */
export function revisionName(spec: ModelRevisionSpec): string {
  return `${spec.modelDeployment}-${revisionHash(spec).slice(0, 10)}`;
}

function normalise(value: unknown, rules: HashRules, path: readonly string[] = []): unknown {
  if (matchesPath(rules.quantities, path)) return String(value);
  if (Array.isArray(value)) return value.map((item) => normalise(item, rules, [...path, '*']));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).flatMap(([key, field]): [string, unknown][] => {
    const at = [...path, key];
    const normal = normalise(field, rules, at);
    return normal === undefined || isDefault(normal, rules, at) ? [] : [[key, normal]];
  });
  return Object.fromEntries(fields);
}

function isDefault(value: unknown, rules: HashRules, path: readonly string[]): boolean {
  if (isEmptyObject(value) && matchesPath(rules.emptyAsAbsent, path)) return true;
  return Object.entries(rules.defaults).some(
    ([pattern, absent]) => absent === value && matchesPath([pattern], path),
  );
}

function isEmptyObject(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
  );
}

function matchesPath(patterns: readonly string[], path: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const parts = pattern.split('.');
    return parts.length === path.length && parts.every((part, i) => part === '*' || part === path[i]);
  });
}
