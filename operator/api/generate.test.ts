import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { customResourceDefinitions } from './crds.ts';
import { generatedFiles } from './generate.ts';
import type { StructuralSchema } from './structural-schema.ts';

const ROOT = join(import.meta.dirname, '..', '..');

describe('generated files', () => {
  it('are what `npm run crds` writes', async () => {
    const stale: string[] = [];
    for (const [path, content] of await generatedFiles()) {
      const kept = await readFile(join(ROOT, path), 'utf8').catch(() => undefined);
      if (kept !== content) stale.push(path);
    }
    expect(stale).toEqual([]);
  });

  it('are all that lies in the generated folders', async () => {
    const generated = [...(await generatedFiles()).keys()];
    for (const folder of ['crds', 'charts/windlass/templates/crds']) {
      const found = await readdir(join(ROOT, folder));
      expect(found.map((name) => `${folder}/${name}`).sort()).toEqual(
        generated.filter((path) => path.startsWith(`${folder}/`)).sort(),
      );
    }
  });

  it('keep each CRD under 262,144 bytes, the most that client-side apply can keep in its annotation', async () => {
    const sizes = [...(await generatedFiles())]
      .filter(([path]) => path.startsWith('crds/'))
      .map(([, content]) => Buffer.byteLength(content));
    expect(Math.max(...sizes)).toBeLessThan(262_144);
  });
});

interface Field {
  readonly path: string;
  readonly schema: StructuralSchema;
}

function fieldsOf(path: string, schema: StructuralSchema): readonly Field[] {
  const children = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    fieldsOf(`${path}.${name}`, child),
  );
  const contents = [schema.items, schema.additionalProperties].flatMap((child) =>
    child === undefined ? [] : fieldsOf(`${path}[]`, child),
  );
  return [{ path, schema }, ...children, ...contents];
}

const everyField: readonly Field[] = customResourceDefinitions().flatMap(({ spec }) =>
  spec.versions.flatMap(({ schema: { openAPIV3Schema } }) =>
    ['spec', 'status'].flatMap((part) =>
      fieldsOf(`${String(spec.names['kind'])}.${part}`, openAPIV3Schema.properties?.[part] ?? {}),
    ),
  ),
);

const pathsOf = (fault: (schema: StructuralSchema) => boolean): readonly string[] =>
  everyField.filter(({ schema }) => fault(schema)).map(({ path }) => path);

describe('every field of the CRDs', () => {
  it('is there at all', () => {
    expect(everyField.length).toBeGreaterThan(200);
  });

  it('has a description, which kubectl explain shows', () => {
    expect(pathsOf(({ description }) => description === undefined)).toEqual([]);
  });

  it('has a type, or says that it takes more than one', () => {
    expect(
      pathsOf(
        (schema) =>
          schema.type === undefined &&
          schema['x-kubernetes-int-or-string'] !== true &&
          schema['x-kubernetes-preserve-unknown-fields'] !== true,
      ),
    ).toEqual([]);
  });

  it('is bounded: strings, lists, maps', () => {
    expect(
      pathsOf(
        ({ type, format, ...schema }) =>
          (type === 'string' &&
            schema.enum === undefined &&
            format !== 'date-time' &&
            schema.maxLength === undefined) ||
          (type === 'array' && schema.maxItems === undefined) ||
          (schema.additionalProperties !== undefined && schema.maxProperties === undefined) ||
          (schema['x-kubernetes-int-or-string'] === true && schema.maxLength === undefined),
      ),
    ).toEqual([]);
  });

  it('has a message for each of its rules', () => {
    expect(
      pathsOf((schema) =>
        (schema['x-kubernetes-validations'] ?? []).some(({ message }) => message === undefined),
      ),
    ).toEqual([]);
  });
});
