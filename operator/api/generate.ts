import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { format } from 'prettier';
import { parse, stringify } from 'yaml';
import { valuesTable } from '../../charts/values-table.ts';
import { valuesJsonSchema } from '../../charts/values.ts';
import { customResourceDefinitions, type CustomResourceDefinition } from './crds.ts';
import { fieldTable } from './reference.ts';

// `npm run crds`: everything that is written down once, in zod, and kept in other forms for other programs.

const ROOT = join(import.meta.dirname, '..', '..');
const HEADER = '# Generated from operator/api by `npm run crds`: change it there.\n';
const CHART = 'charts/windlass';
const API_REFERENCE = 'docs/api.md';
const CHART_README = `${CHART}/README.md`;

/** Every generated file: path in the repository -> content. Documents keep what stands outside the generated parts. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const definitions = customResourceDefinitions();
  const files = new Map<string, string>();
  for (const definition of definitions) {
    const name = fileName(definition);
    files.set(`crds/${name}`, HEADER + yaml(definition));
    files.set(`${CHART}/templates/crds/${name}`, chartTemplate(definition));
  }
  files.set('crds/kustomization.yaml', kustomization(definitions.map(fileName)));
  files.set(`${CHART}/values.schema.json`, `${JSON.stringify(valuesJsonSchema(), null, 2)}\n`);
  files.set(API_REFERENCE, await document(API_REFERENCE, referenceParts(definitions)));
  const values: unknown = parse(await readFile(join(ROOT, CHART, 'values.yaml'), 'utf8'));
  files.set(CHART_README, await document(CHART_README, { values: valuesTable(values) }));
  return files;
}

const fileName = ({ spec }: CustomResourceDefinition): string => `${String(spec.names['plural'])}.yaml`;

const yaml = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

/** Templates and not the chart's crds folder, which Helm never upgrades; kept, because models go with their CRD. */
function chartTemplate(definition: CustomResourceDefinition): string {
  const { metadata } = definition;
  const kept = { ...metadata, annotations: { 'helm.sh/resource-policy': 'keep' } };
  const text = yaml({ ...definition, metadata: kept });
  if (text.includes('{{')) throw new Error(`${metadata.name}: a text holds {{, which Helm would evaluate`);
  return `${HEADER}{{- if .Values.crds.install }}\n${text}{{- end }}\n`;
}

function kustomization(resources: readonly string[]): string {
  return HEADER + yaml({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources });
}

function referenceParts(definitions: readonly CustomResourceDefinition[]): Record<string, string> {
  return Object.fromEntries(
    definitions.flatMap((definition) =>
      (['spec', 'status'] as const).map((part) => [
        `${String(definition.spec.names['kind'])} ${part}`,
        fieldTable(definition, part),
      ]),
    ),
  );
}

/** The document at `path` with each part between `<!-- generated: NAME -->` and `<!-- end -->` put in afresh. */
async function document(path: string, parts: Readonly<Record<string, string>>): Promise<string> {
  let text = await readFile(join(ROOT, path), 'utf8');
  for (const [name, part] of Object.entries(parts)) {
    const start = `<!-- generated: ${name} -->`;
    const from = text.indexOf(start);
    const to = text.indexOf('<!-- end -->', from);
    if (from < 0 || to < 0) throw new Error(`${path}: no place for the generated part "${name}"`);
    text = `${text.slice(0, from + start.length)}\n\n${part}\n\n${text.slice(to)}`;
  }
  return format(text, { parser: 'markdown', printWidth: 110, singleQuote: true });
}

if (import.meta.main) {
  for (const [path, content] of await generatedFiles()) {
    const file = join(ROOT, path);
    const before = await readFile(file, 'utf8').catch(() => undefined);
    if (before === content) continue;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    console.log(`wrote ${path}`);
  }
}
