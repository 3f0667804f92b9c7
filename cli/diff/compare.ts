import type { ModelRevision } from '#operator/api/objects.ts';
import type { ArtifactRegistry } from '#contract/artifact.ts';
import { canonicalJson } from '#contract/canonical.ts';
import type { ModelInput, ModelOutput } from '#contract/model-manifest.ts';
import { bytes } from '../format/index.ts';

/** One thing that differs: `before` absent means added, `after` absent removed. */
export interface Change {
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** For numbers: how much, as in `+0.012, +1.4 %`. Which way is better is not known here. */
  readonly delta?: string;
}

export interface Section {
  readonly title: 'Model' | 'Metrics' | 'Inputs' | 'Outputs' | 'Serving' | 'Image' | 'Files';
  readonly changes: readonly Change[];
}

/** What differs between two revisions, section by section; sections without a difference are left out. */
export function compareRevisions(before: ModelRevision, after: ModelRevision): readonly Section[] {
  const [a, b] = [before.spec, after.spec];
  const sections: readonly Section[] = [
    {
      title: 'Model',
      changes: [
        ...change('name', a.model.name, b.model.name),
        ...change('version', a.model.version, b.model.version),
        ...change('task', a.model.task, b.model.task),
        ...change('registered', registered(a.artifact.registry), registered(b.artifact.registry)),
        ...change('source', a.artifact.uri, b.artifact.uri),
        ...change('digest', digest(a.artifact.sha256), digest(b.artifact.sha256)),
        ...change('size', bytes(a.artifact.size), bytes(b.artifact.size)),
        ...change('memory', memory(a.model.estimatedMemoryBytes), memory(b.model.estimatedMemoryBytes)),
      ],
    },
    { title: 'Metrics', changes: metricChanges(a.model.metrics ?? {}, b.model.metrics ?? {}) },
    { title: 'Inputs', changes: compareMaps(byName(a.model.inputs, tensor), byName(b.model.inputs, tensor)) },
    {
      title: 'Outputs',
      changes: compareMaps(byName(a.model.outputs, tensor), byName(b.model.outputs, tensor)),
    },
    { title: 'Serving', changes: compareMaps(leaves(a.serving), leaves(b.serving)) },
    { title: 'Image', changes: change('image', a.image, b.image) },
    { title: 'Files', changes: compareMaps(files(before), files(after)) },
  ];
  return sections.filter((section) => section.changes.length > 0);
}

function registered(registry: ArtifactRegistry | undefined): string | undefined {
  return registry === undefined ? undefined : `models:/${registry.name}/${registry.version}`;
}

function change(field: string, before: string | undefined, after: string | undefined): readonly Change[] {
  return before === after ? [] : [{ field, before, after }];
}

function metricChanges(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): readonly Change[] {
  return keysOf(before, after).flatMap((field) => {
    const [a, b] = [before[field], after[field]];
    if (a === b) return [];
    const delta = a === undefined || b === undefined ? undefined : difference(a, b);
    return [{ field, before: number(a), after: number(b), ...(delta === undefined ? {} : { delta }) }];
  });
}

function number(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(Number(value.toPrecision(6)));
}

/** `+0.004, +0.47 %`; of zero there is no percentage. */
function difference(before: number, after: number): string {
  const delta = after - before;
  const share = before === 0 ? undefined : (100 * delta) / Math.abs(before);
  return share === undefined ? signed(delta) : `${signed(delta)}, ${signed(share)} %`;
}

function signed(value: number): string {
  const text = String(Number(value.toPrecision(3)));
  return value > 0 ? `+${text}` : text;
}

function digest(sha256: string): string {
  return sha256.slice(0, 12);
}

function memory(estimate: number | undefined): string | undefined {
  return estimate === undefined ? undefined : bytes(estimate);
}

function compareMaps(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly Change[] {
  return keysOf(before, after).flatMap((field) => change(field, before[field], after[field]));
}

function keysOf(a: object, b: object): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted();
}

function byName<T extends { readonly name: string }>(
  items: readonly T[],
  describe: (item: T) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(items.map((item) => [item.name, describe(item)]));
}

/** `float32 [any,1], required, 18..100` */
function tensor(value: ModelInput | ModelOutput): string {
  const shape = value.shape.map((size) => size ?? 'any').join(',');
  const parts = [`${value.type} [${shape}]`];
  if ('required' in value) {
    parts.push(value.required ? 'required' : 'optional');
    if (value.integer) parts.push('whole numbers');
    if (value.range !== undefined) parts.push(`${value.range.min ?? ''}..${value.range.max ?? ''}`);
    if (value.values !== undefined) parts.push(`one of ${value.values.join(' ')}`);
    if (value.default !== undefined) parts.push(`default ${value.default}`);
    if (value.image !== undefined) parts.push(`picture ${canonicalJson(value.image)}`);
    if (value.unit !== undefined) parts.push(`in ${value.unit}`);
  }
  return parts.join(', ');
}

/** A nested value as dotted paths: resources.limits.memory=1Gi */
function leaves(value: unknown, path = ''): Readonly<Record<string, string>> {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) {
    return path === '' || value === undefined
      ? {}
      : { [path]: typeof value === 'string' ? value : canonicalJson(value) };
  }
  return Object.assign(
    {},
    ...Object.entries(value).map(([key, field]) => leaves(field, path === '' ? key : `${path}.${key}`)),
  ) as Readonly<Record<string, string>>;
}

function files(revision: ModelRevision): Readonly<Record<string, string>> {
  return Object.fromEntries(
    revision.spec.artifact.files.map((file) => [file.path, `${digest(file.sha256)} (${bytes(file.size)})`]),
  );
}
