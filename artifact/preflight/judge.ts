import type { TensorType } from '#contract/model-manifest.ts';
import { elementType, elementTypeName } from './element-types.ts';
import { MODEL_LIMITS, type ModelFacts, quote, unsafe, type ValueInfo } from './facts.ts';
import { estimateMemory } from './memory.ts';
import { elementCount } from './tensor.ts';

/** An input or output of a graph. `shape` is null where the graph does not say, a dimension where any size fits. */
export interface GraphValue {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly (number | null)[] | null;
}

/** What the graph says of itself. `inputs` are those without a default. */
export interface Graph {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly opsets: Readonly<Record<string, number>>;
  readonly irVersion: number;
  readonly producer: string;
  readonly nodes: number;
  readonly estimatedMemoryBytes: number;
}

/** What ONNX Runtime 1.30 loads; found by asking it, and checked against it in judge.test.ts. */
export const RUNTIME_SUPPORT = {
  onnxruntime: '1.30',
  irVersion: 13,
  /** Greatest version of each operator domain. An import of another domain is harmless until a node uses it. */
  domains: { '': 26, 'ai.onnx.ml': 5, 'com.microsoft': 1, 'com.microsoft.nchwc': 1 },
} as const;

const domains: ReadonlyMap<string, number> = new Map(Object.entries(RUNTIME_SUPPORT.domains));
/** Protobuf's own limit: ONNX Runtime cannot parse a longer file. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** Turns what was found into a Graph, or throws UnsafeModel with the first thing that the runtime could not serve. */
export function judge(facts: ModelFacts, size: number): Graph {
  if (!facts.hasGraph) throw unsafe('is not an ONNX model: it holds no graph');
  if (facts.irVersion === undefined) throw unsafe('is not an ONNX model: it names no IR version');
  if (size > MAX_MODEL_BYTES) {
    throw unsafe(
      `has ${size} bytes; an .onnx file may have ${MAX_MODEL_BYTES} (2 GiB). Save it with external data, in a bundle`,
    );
  }
  if (facts.irVersion > RUNTIME_SUPPORT.irVersion) {
    throw unsafe(
      `has IR version ${facts.irVersion}; ONNX Runtime ${RUNTIME_SUPPORT.onnxruntime} loads up to ${RUNTIME_SUPPORT.irVersion}. Export it with an older onnx package, or lower ir_version`,
    );
  }
  checkOpsets(facts);
  checkDomains(facts);
  weighShapes(facts);
  return {
    inputs: facts.inputs
      .filter(({ name }) => !facts.initializers.has(name))
      .map((value) => graphValue('input', value, facts)),
    outputs: facts.outputs.map((value) => graphValue('output', value, facts)),
    opsets: Object.fromEntries(facts.opsets),
    irVersion: facts.irVersion,
    producer: facts.producer,
    nodes: facts.nodes,
    estimatedMemoryBytes: Math.round(estimateMemory(facts.weights)),
  };
}

function checkOpsets({ opsets, operators }: ModelFacts): void {
  for (const [domain, version] of opsets) {
    const greatest = domains.get(domain);
    if (greatest !== undefined && version > greatest) {
      throw unsafe(
        `uses opset ${version} of ${domainName(domain)}; ONNX Runtime ${RUNTIME_SUPPORT.onnxruntime} has up to ${greatest}. Export it with a lower target opset`,
      );
    }
  }
  for (const domain of operators.keys()) {
    if (domains.has(domain) && !opsets.has(domain)) {
      throw unsafe(`uses operators of ${domainName(domain)} and imports no opset of it`);
    }
  }
}

function checkDomains({ operators, functionDomains }: ModelFacts): void {
  for (const [domain, names] of operators) {
    if (domains.has(domain) || functionDomains.has(domain)) continue;
    const known = [...domains.keys()].map(domainName).join(', ');
    throw unsafe(
      `uses the operator ${quote([...names][0] ?? '')} of the unknown domain ${quote(domain)}; the runtime has ${known}. Custom operators cannot be loaded: export without them`,
    );
  }
}

function domainName(domain: string): string {
  return domain === '' ? 'ai.onnx' : quote(domain).slice(1, -1);
}

/** A few bytes of shape can make a constant operator build gigabytes while the model loads. */
function weighShapes(facts: ModelFacts): void {
  for (const { operator, shape } of facts.shapeUses) {
    const elements = facts.shapes.get(shape) ?? 0;
    if (elements > MODEL_LIMITS.elements) {
      throw unsafe(
        `has a node ${operator} that builds ${elements.toExponential(2)} elements; the limit is ${MODEL_LIMITS.elements.toLocaleString('en')}`,
      );
    }
    facts.weights.built += Math.max(0, elements) * 4;
  }
}

function graphValue(what: 'input' | 'output', { name, type }: ValueInfo, facts: ModelFacts): GraphValue {
  const label = `${what} ${quote(name)}`;
  if (type.kind === 'none') throw unsafe(`has ${label} without a type`);
  if (type.kind !== 'tensor') {
    const isZipMap = facts.operators.get('ai.onnx.ml')?.has('ZipMap') === true;
    const fix = isZipMap
      ? "Export it with options={'zipmap': False} (skl2onnx), so that the probabilities are one tensor"
      : 'Export it so that each input and output is a tensor';
    throw unsafe(`has ${label}, which is a ${type.kind} and not a tensor. ${fix}`);
  }
  const { tensorType } = elementType(type.element) ?? {};
  if (tensorType === undefined) {
    throw unsafe(
      `has ${label} of ${elementTypeName(type.element)}, which cannot be sent or answered. Cast it to float32 in the graph`,
    );
  }
  const row = elementCount(
    (type.shape ?? []).filter((size) => size !== null),
    label,
  );
  if (row > MODEL_LIMITS.rowElements) {
    throw unsafe(
      `has ${label}, which declares ${row.toLocaleString('en')} elements in a row; the limit is ${MODEL_LIMITS.rowElements.toLocaleString('en')}`,
    );
  }
  return { name, type: tensorType, shape: type.shape };
}
