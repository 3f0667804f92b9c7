import { z } from 'zod';
import { valuesSchema } from './values.ts';

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
}

/** The README's table: every value, what values.yaml sets it to, and what it does. */
export function valuesTable(defaults: unknown): string {
  const schema: Node = z.toJSONSchema(valuesSchema, { target: 'draft-7' }) as Node;
  const { global: _, ...properties } = schema.properties ?? {};
  const rows = described({ properties }, '').map(({ path, node }) => {
    const value = isSection(node) ? '' : `\`${JSON.stringify(lookUp(defaults, path))}\``;
    return `| \`${path}\` | ${value} | ${node.description ?? ''} |`;
  });
  return ['| value | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function described(node: Node, path: string): readonly { readonly path: string; readonly node: Node }[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const here = path === '' ? name : `${path}.${name}`;
    const own = child.description === undefined ? [] : [{ path: here, node: child }];
    return isSection(child) ? own.concat(described(child, here)) : own;
  });
}

/** Whether values.yaml sets its fields one by one; a part of a pod is one value. */
function isSection({ properties, required }: Node): boolean {
  return (
    properties !== undefined && Object.keys(properties).every((name) => required?.includes(name) === true)
  );
}

function lookUp(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], value);
}
