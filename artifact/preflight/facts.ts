import { FailureError } from '#contract/failure.ts';

/** The type of a graph's input or output as it stands in the file. */
export type ValueType =
  | { readonly kind: 'tensor'; readonly element: number; readonly shape: readonly (number | null)[] | null }
  | { readonly kind: 'sequence' | 'map' | 'optional' | 'sparse tensor' | 'opaque' }
  | { readonly kind: 'none' };

export interface ValueInfo {
  readonly name: string;
  readonly type: ValueType;
}

/** Where an external tensor's bytes are, as the file says. */
export interface ExternalData {
  readonly tensor: string;
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** Bytes of the file by what they become when ONNX Runtime loads them. */
export interface Weights {
  /** Tensors in the file. */
  inline: number;
  /** Tensors in files beside it. */
  external: number;
  /** Nodes of tree ensembles. */
  trees: number;
  /** Text of attributes and tensors (category lists, vocabularies). */
  text: number;
  /** Attributes, names and everything else. */
  other: number;
  /** Tensors that constant operators build from a shape that the file gives. */
  built: number;
}

/** What one pass over a model has found. Bounded: see MODEL_LIMITS. */
export interface ModelFacts {
  irVersion: number | undefined;
  producer: string;
  hasGraph: boolean;
  readonly opsets: Map<string, number>;
  readonly inputs: ValueInfo[];
  readonly outputs: ValueInfo[];
  /** Names of the main graph's initializers: an input of that name has a default. */
  readonly initializers: Set<string>;
  /** Operators used, by domain. */
  readonly operators: Map<string, Set<string>>;
  /** Domains of the functions that the model defines itself. */
  readonly functionDomains: Set<string>;
  nodes: number;
  /** Of the names below and above; see `retain`. */
  keptBytes: number;
  readonly weights: Weights;
  /** Small int64 constants by name: the product of their values. */
  readonly shapes: Map<string, number>;
  /** Names of the shapes that constant operators take. */
  readonly shapeUses: { readonly operator: string; readonly shape: string }[];
}

export const MODEL_LIMITS = {
  inputs: 1024,
  outputs: 256,
  nameBytes: 4096,
  initializers: 200_000,
  nodes: 1_000_000,
  domains: 64,
  operators: 4096,
  functions: 10_000,
  dimensions: 64,
  /** Elements that a tensor may declare (for an input or output: in one row). */
  elements: 2 ** 36,
  rowElements: 2 ** 27,
  shapes: 50_000,
  externalEntries: 16,
  keptBytes: 16 * 2 ** 20,
} as const;

export function createFacts(): ModelFacts {
  return {
    irVersion: undefined,
    producer: '',
    hasGraph: false,
    opsets: new Map(),
    inputs: [],
    outputs: [],
    initializers: new Set(),
    operators: new Map(),
    functionDomains: new Set(),
    nodes: 0,
    keptBytes: 0,
    weights: { inline: 0, external: 0, trees: 0, text: 0, other: 0, built: 0 },
    shapes: new Map(),
    shapeUses: [],
  };
}

/** Accounts for a name that is kept until the end. Throws when all of them together take too much memory. */
export function retain(facts: ModelFacts, name: string): string {
  facts.keptBytes += name.length + 64;
  if (facts.keptBytes > MODEL_LIMITS.keptBytes) {
    throw unsafe(`has names of more than ${MODEL_LIMITS.keptBytes / 2 ** 20} MiB together`);
  }
  return name;
}

/** A graph that must not be loaded. The file's name is put before the message by `inspectModel`. */
export function unsafe(message: string): FailureError {
  return new FailureError('UnsafeModel', message);
}

export function checkLimit(count: number, limit: number, what: string): void {
  if (count > limit) throw unsafe(`has more than ${limit.toLocaleString('en')} ${what}`);
}

/** A name for a message: short, and without control characters. */
export function quote(name: string): string {
  const clean = name.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
  return `"${clean.length > 80 ? `${clean.slice(0, 77)}...` : clean}"`;
}
