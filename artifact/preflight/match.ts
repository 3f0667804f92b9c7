import { FailureError } from '#contract/failure.ts';
import type { Manifest } from '#contract/model-manifest.ts';
import { quote } from './facts.ts';
import type { Graph, GraphValue } from './judge.ts';

type Declared = Pick<Manifest['inputs'][number], 'name' | 'type' | 'shape'>;

/** Throws InvalidManifest when model.json's inputs or outputs are not the graph's; `name` is model.json as messages call it. */
export function matchManifest(name: string, manifest: Manifest, graph: Graph): void {
  const problems = [
    ...mismatches('inputs', manifest.inputs, graph.inputs),
    ...mismatches('outputs', manifest.outputs, graph.outputs),
    ...graph.inputs
      .filter((input) => !manifest.inputs.some((declared) => declared.name === input.name))
      .map(
        (input) => `inputs: the graph needs ${quote(input.name)} (${describe(input)}), which is not listed`,
      ),
  ];
  if (problems.length === 0) return;
  const more = problems.length > 5 ? `; and ${problems.length - 5} more` : '';
  throw new FailureError(
    'InvalidManifest',
    `${name} does not fit the graph ${manifest.graph}: ${problems.slice(0, 5).join('; ')}${more}. Write both from one training run.`,
  );
}

function mismatches(
  field: 'inputs' | 'outputs',
  declared: readonly Declared[],
  values: readonly GraphValue[],
): readonly string[] {
  return declared.flatMap((item, index) => {
    const where = `${field}[${index}] ${quote(item.name)}`;
    const value = values.find(({ name }) => name === item.name);
    if (value === undefined) {
      const names = values
        .slice(0, 8)
        .map(({ name }) => quote(name))
        .join(', ');
      return [`${where} is not among the graph's ${field} (${names === '' ? 'none' : names})`];
    }
    if (value.type !== item.type || !fits(item.shape, value.shape)) {
      return [`${where} is ${describe(item)}, the graph has ${describe(value)}`];
    }
    return [];
  });
}

/** Whether every tensor of the declared shape is one of the graph's: the graph may be the wider one. */
function fits(declared: Declared['shape'], shape: GraphValue['shape']): boolean {
  if (shape === null) return true;
  return (
    declared.length === shape.length && shape.every((size, axis) => size === null || size === declared[axis])
  );
}

function describe({ type, shape }: Pick<GraphValue, 'type' | 'shape'>): string {
  return `${type}[${shape === null ? '...' : shape.map((size) => size ?? 'any').join(', ')}]`;
}
