import { LineCounter, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { CliError, EXIT } from '../exit.ts';

/** Where in an object: field names and indexes. */
export type Path = readonly (string | number)[];

/** One Kubernetes object of a stream. */
export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** The line, from 1 on, on which a field stands; that of the nearest one around it where there is no such field. */
  readonly lineOf: (path: Path) => number;
}

const objectSchema = z.looseObject({ apiVersion: z.string(), kind: z.string() });
const listSchema = z.looseObject({ kind: z.string().endsWith('List'), items: z.array(z.unknown()) });

/** Reads a stream of YAML or JSON; the objects of a List one by one. Throws CliError for what is no manifest. */
export function readObjects(text: string, source: string): readonly ManifestObject[] {
  const lines = new LineCounter();
  const objects: ManifestObject[] = [];
  for (const document of parseAllDocuments(text, { lineCounter: lines })) {
    const [error] = document.errors;
    if (error !== undefined) throw notReadable(source, error.message);
    const lineAt = (path: Path): number => {
      for (let length = path.length; length >= 0; length--) {
        const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
        const start = rangeStart(node);
        if (start !== undefined) return lines.linePos(start).line;
      }
      return 1;
    };
    const value: unknown = document.toJS();
    if (value === null || value === undefined) continue;
    const list = listSchema.safeParse(value);
    const items = list.success ? list.data.items : [value];
    for (const [index, item] of items.entries()) {
      const parsed = objectSchema.safeParse(item);
      const prefix = list.success ? ['items', index] : [];
      if (!parsed.success) {
        const line = lineAt(prefix);
        throw notReadable(source, `line ${line}: there is no object with apiVersion and kind`);
      }
      const { apiVersion, kind } = parsed.data;
      objects.push({ apiVersion, kind, value: parsed.data, lineOf: (path) => lineAt([...prefix, ...path]) });
    }
  }
  return objects;
}

function rangeStart(node: unknown): number | undefined {
  const { range } = z
    .object({ range: z.tuple([z.number()], z.number()).nullish() })
    .catch({ range: undefined })
    .parse(node);
  return range?.[0];
}

function notReadable(source: string, why: string): CliError {
  return new CliError(`${source} is no manifest: ${why.split('\n')[0] ?? why}`, {
    exitCode: EXIT.usage,
    hint: 'give the YAML or JSON of an InferenceService: kubectl get inferenceservice NAME -o yaml',
  });
}
