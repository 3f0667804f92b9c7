import type { z } from 'zod';
import { goldenSchema, type Manifest } from './model-manifest.ts';

/** golden.json of this very bundle: what its requests name as pictures are files that model.json lists. */
export function goldenSchemaOf({ inputs, files }: Manifest): z.ZodType<z.output<typeof goldenSchema>> {
  const name = inputs.find(({ image }) => image !== undefined)?.name;
  if (name === undefined) return goldenSchema;
  return goldenSchema.check(({ value, issues }) => {
    for (const [row, { input }] of value.rows.entries()) {
      const path = input[name];
      if (typeof path === 'string' && Object.hasOwn(files, path)) continue;
      const message = `must be the bundle path of a picture that model.json's "files" lists, is ${JSON.stringify(path)}`;
      issues.push({ code: 'custom', path: ['rows', row, 'input', name], input: path, message });
    }
  });
}
