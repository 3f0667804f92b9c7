import { readFileSync, rmSync } from 'node:fs';

/** The nodes of a graph that one execution provider runs. */
export interface ProviderNodes {
  /** As ONNX Runtime names it: CPUExecutionProvider, CUDAExecutionProvider. */
  readonly provider: string;
  readonly nodes: number;
  /** How many of each operator. */
  readonly operators: Readonly<Record<string, number>>;
}

interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly args?: { readonly provider?: string; readonly op_name?: string; readonly node_index?: string };
}

/** Reads and removes a profile of ONNX Runtime: the only place where it says which provider ran which node. */
export function readProfile(path: string): readonly ProviderNodes[] {
  const events = JSON.parse(readFileSync(path, 'utf8')) as readonly ProfileEvent[];
  rmSync(path, { force: true });
  const seen = new Set<string>();
  const providers = new Map<string, Record<string, number>>();
  for (const { cat, name = '', args } of events) {
    if (cat !== 'Node' || args?.provider === undefined || !name.endsWith('_kernel_time')) continue;
    // A node runs once in each run, and has one place in its graph.
    const node = `${args.node_index} ${name}`;
    if (seen.has(node)) continue;
    seen.add(node);
    const operators = providers.get(args.provider) ?? {};
    const operator = args.op_name ?? 'unknown';
    operators[operator] = (operators[operator] ?? 0) + 1;
    providers.set(args.provider, operators);
  }
  return [...providers].map(([provider, operators]) => ({
    provider,
    nodes: Object.values(operators).reduce((sum, count) => sum + count, 0),
    operators,
  }));
}

/** One line for the log: "CUDAExecutionProvider runs 40 nodes, CPUExecutionProvider 2 (Shape, Gather)". */
export function describeNodes(providers: readonly ProviderNodes[]): string {
  return providers
    .map(
      ({ provider, nodes, operators }) =>
        `${provider} runs ${nodes} nodes (${Object.keys(operators).join(', ')})`,
    )
    .join('; ');
}
