import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

const FILE = join(import.meta.dirname, '..', '..', 'deploy', 'examples', 'monitoring', 'prometheusrule.yaml');

const alertSchema = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
});
export type SystemAlert = Readonly<z.infer<typeof alertSchema>>;

const groupsSchema = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(alertSchema) })),
});

/** The alerts of deploy/examples: each system's own limits, which a user changes there. */
export async function systemRules(): Promise<{
  readonly alerts: readonly SystemAlert[];
  /** As Prometheus reads it. */
  readonly file: string;
}> {
  const { spec } = parse(await readFile(FILE, 'utf8')) as { readonly spec: unknown };
  const { groups } = groupsSchema.parse(spec);
  return { alerts: groups.flatMap(({ rules }) => rules), file: stringify({ groups }, { lineWidth: 0 }) };
}
