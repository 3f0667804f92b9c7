import type { CustomResourceDefinition } from './crds.ts';
import type { StructuralSchema } from './structural-schema.ts';

// docs/api.md's tables: every field of a kind, from the schema that the API server checks.

/** A Markdown table of the fields under `part` (spec or status), and a list of the rules on them. */
export function fieldTable(definition: CustomResourceDefinition, part: 'spec' | 'status'): string {
  const schema = definition.spec.versions[0]?.schema.openAPIV3Schema.properties?.[part];
  if (schema === undefined) throw new Error(`${definition.metadata.name} has no ${part}`);
  const kind = String(definition.spec.names['kind']);
  const rows = fields(kind, schema, part).map((cells) => `| ${cells.join(' | ')} |`);
  const table = ['| field | type | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
  const rules = [...new Set(messages(schema, part))];
  return rules.length === 0 ? table : `${table}\n\nRules:\n\n${rules.map((rule) => `- ${rule}`).join('\n')}`;
}

type Row = readonly [field: string, type: string, byDefault: string, meaning: string];

/** Fields that are Kubernetes' own, or the same as another kind's: named, but not taken apart again. */
const KNOWN_ELSEWHERE: Readonly<Record<string, string>> = {
  'spec.serving.pod.affinity': 'The fields are those of a pod’s affinity.',
  'ModelRevision spec.serving.resources': 'As in a ModelDeployment.',
  'ModelRevision spec.serving.pod': 'As in a ModelDeployment.',
};

function fields(kind: string, schema: StructuralSchema, path: string): readonly Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = `${path}.${name}`;
    const required = schema.required?.includes(name) === true ? ' **Required.**' : '';
    const byDefault = field.default === undefined || isEmpty(field.default) ? '' : code(field.default);
    const elsewhere = KNOWN_ELSEWHERE[here] ?? KNOWN_ELSEWHERE[`${kind} ${here}`];
    const meaning = [field.description, elsewhere].filter((text) => text !== undefined).join(' ');
    const row: Row = [`\`${here}\``, typeOf(field), byDefault, cell(`${meaning}${required}${range(field)}`)];
    if (elsewhere !== undefined) return [row];
    return [row].concat(fields(kind, contentOf(field), `${here}${suffix(field)}`));
  });
}

function contentOf(field: StructuralSchema): StructuralSchema {
  return field.items ?? field.additionalProperties ?? field;
}

function suffix(field: StructuralSchema): string {
  if (field.items !== undefined) return '[]';
  return field.additionalProperties === undefined ? '' : '.*';
}

function typeOf(field: StructuralSchema): string {
  if (field.items !== undefined) return `list of ${typeOf(field.items)}`;
  if (field.additionalProperties !== undefined) return `map to ${typeOf(field.additionalProperties)}`;
  if (field['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (field['x-kubernetes-preserve-unknown-fields'] === true) return 'any';
  if (field.enum !== undefined) return field.enum.map(code).join(', ');
  return field.format === 'date-time' ? 'time' : (field.type ?? 'any');
}

function range({ minimum, maximum }: StructuralSchema): string {
  if (minimum !== undefined && maximum !== undefined) return ` ${minimum} to ${maximum}.`;
  if (minimum !== undefined) return ` At least ${minimum}.`;
  return maximum === undefined ? '' : ` At most ${maximum}.`;
}

function messages(schema: StructuralSchema, path: string): readonly string[] {
  const own = (schema['x-kubernetes-validations'] ?? []).flatMap(({ message }) =>
    message === undefined ? [] : [`\`${path}\`: ${cell(message)}.`],
  );
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    messages(field, `${path}.${name}`),
  );
  const inside = [schema.items, schema.additionalProperties].flatMap((content) =>
    content === undefined ? [] : messages(content, `${path}${suffix(schema)}`),
  );
  return [...own, ...below, ...inside];
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;
const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('*=', '\\*=').replaceAll('<', '\\<');
