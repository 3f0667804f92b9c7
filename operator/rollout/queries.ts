import type { Check } from '#operator/api/rollout-settings.ts';
import type { CheckContext } from './checks-context.ts';

type Named = Pick<CheckContext, 'name' | 'namespace' | 'candidate' | 'stable'>;

/** What checks ask Prometheus, each query once. */
export function queriesOf(checks: readonly Check[], context: Named): readonly string[] {
  const queries = checks.flatMap(({ prometheus }) =>
    prometheus === undefined ? [] : [filledIn(prometheus.query, context)],
  );
  return [...new Set(queries.filter((query) => query !== undefined))];
}

/**
 * The query with $candidate, $stable, $name and $namespace filled in, each once: what is filled in is not looked at
 * again. undefined where it compares with a stable revision and there is none.
 */
export function filledIn(query: string, { name, namespace, candidate, stable }: Named): string | undefined {
  if (stable === undefined && /\$stable\b/.test(query)) return undefined;
  const values = { candidate: candidate.revision, stable: stable ?? '', name, namespace };
  return query.replace(/\$(candidate|stable|namespace|name)\b/g, (_, variable: string) =>
    literal(values[variable as keyof typeof values]),
  );
}

/** Names of Kubernetes objects have nothing that ends a string of PromQL, of any quotes, or a regular expression's group. */
function literal(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, '_');
}
