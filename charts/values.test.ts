import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { valuesSchema } from './values.ts';
import { valuesTable } from './values-table.ts';

const defaults = parse(
  await readFile(join(import.meta.dirname, 'windlass', 'values.yaml'), 'utf8'),
) as Record<string, unknown>;

describe('the chart’s values', () => {
  it('have defaults that the schema accepts', () => {
    expect(valuesSchema.safeParse(defaults).error).toBeUndefined();
  });

  it.each([
    ['an unknown value', { imagee: {} }],
    ['no replica at all', { replicas: 0 }],
    ['a tag where a digest belongs', { image: { ...(defaults['image'] as object), digest: 'v1' } }],
    ['a namespace that cannot be', { watchNamespaces: ['Churn'] }],
    ['a port that needs root', { metrics: { ...(defaults['metrics'] as object), port: 80 } }],
  ])('refuse %s', (_, change) => {
    expect(valuesSchema.safeParse({ ...defaults, ...change }).success).toBe(false);
  });

  it('are listed with their defaults, sections value by value and parts of a pod as one', () => {
    const table = valuesTable(defaults);
    expect(table).toContain('| `runtimeImage` |  |');
    expect(table).toContain('| `runtimeImage.repository` | `"windlass/runtime"` |');
    expect(table).toContain('| `resources` | `{"requests":');
    expect(table).not.toContain('`resources.requests`');
  });
});
