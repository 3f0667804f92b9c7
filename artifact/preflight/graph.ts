import {
  checkLimit,
  type ExternalData,
  MODEL_LIMITS,
  type ModelFacts,
  quote,
  retain,
  unsafe,
  type ValueInfo,
} from './facts.ts';
import { type TensorFacts, tensorVisitor } from './tensor.ts';
import { valueInfoVisitor } from './value-info.ts';
import type { LengthAction, MessageVisitor } from './wire.ts';

/** What the visitors of one model share. */
export interface Reading {
  readonly facts: ModelFacts;
  /** Throws when the reference may not be followed. */
  readonly onExternal: (data: ExternalData) => void;
}

const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, sparseInitializer: 15 } as const;
const NODE = { input: 1, output: 2, opType: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = {
  name: 1,
  text: 4,
  tensor: 5,
  graph: 6,
  texts: 9,
  tensors: 10,
  graphs: 11,
  sparse: 22,
  sparses: 23,
} as const;

/** Reads a GraphProto; `isMain` for the model's own, whose inputs, outputs and initializers are kept. */
export function graphVisitor(reading: Reading, isMain: boolean): MessageVisitor {
  const { facts } = reading;
  const keep = (list: ValueInfo[], limit: number, what: string) => (value: ValueInfo) => {
    checkLimit(list.length + 1, limit, what);
    retain(facts, value.name);
    list.push(value);
  };
  return {
    name: isMain ? 'graph' : 'subgraph',
    length: (field): LengthAction => {
      switch (field) {
        case GRAPH.node:
          return nodeVisitor(reading);
        case GRAPH.initializer:
          return tensorVisitor('initializer', (tensor) => {
            if (isMain) {
              checkLimit(facts.initializers.size + 1, MODEL_LIMITS.initializers, 'initializers');
              facts.initializers.add(retain(facts, tensor.name));
            }
            weigh(reading, tensor, tensor.name);
          });
        case GRAPH.sparseInitializer:
          return sparseVisitor(reading);
        case GRAPH.input:
          return isMain
            ? valueInfoVisitor('input', keep(facts.inputs, MODEL_LIMITS.inputs, 'inputs'))
            : 'skip';
        case GRAPH.output:
          return isMain
            ? valueInfoVisitor('output', keep(facts.outputs, MODEL_LIMITS.outputs, 'outputs'))
            : 'skip';
        default:
          return 'skip';
      }
    },
  };
}

/** Operators whose result has the shape that an input names: by the index of that input. */
const SHAPE_INPUT: Readonly<Record<string, number>> = { ConstantOfShape: 0, Expand: 1 };

/** Reads a NodeProto. */
export function nodeVisitor(reading: Reading): MessageVisitor {
  const { facts } = reading;
  const inputs: string[] = [];
  let operator = '';
  let domain = '';
  let output = '';
  let tensorBytes = 0;
  let textBytes = 0;
  const constants: TensorFacts[] = [];
  const attribute = {
    tensor: (tensor: TensorFacts, size: number) => {
      tensorBytes += size;
      if (constants.length === 0) constants.push(tensor);
    },
    text: (length: number) => {
      textBytes += length;
    },
    graph: (size: number) => {
      tensorBytes += size;
    },
  };
  return {
    name: 'node',
    length: (field, length): LengthAction => {
      if (field === NODE.attribute) return attributeVisitor(reading, attribute);
      const isKept =
        field === NODE.opType ||
        field === NODE.domain ||
        (field === NODE.output && output === '') ||
        (field === NODE.input && inputs.length < 2);
      if (!isKept) return 'skip';
      checkLimit(length, MODEL_LIMITS.nameBytes, 'bytes in the name of a value, an operator or a domain');
      return 'collect';
    },
    bytes: (field, bytes) => {
      if (field === NODE.opType) operator = bytes.toString();
      else if (field === NODE.domain) domain = bytes.toString();
      else if (field === NODE.output) output = bytes.toString();
      else if (field === NODE.input) inputs.push(bytes.toString());
    },
    end: (size) => {
      facts.nodes += 1;
      checkLimit(facts.nodes, MODEL_LIMITS.nodes, 'nodes');
      count(facts, domain, operator);
      const own = Math.max(0, size - tensorBytes);
      if (operator.startsWith('TreeEnsemble')) facts.weights.trees += own;
      else {
        facts.weights.text += textBytes;
        facts.weights.other += Math.max(0, own - textBytes);
      }
      for (const constant of constants) weigh(reading, constant, operator === 'Constant' ? output : '');
      const shape = inputs[SHAPE_INPUT[operator] ?? -1];
      if (shape !== undefined && shape !== '' && facts.shapeUses.length < MODEL_LIMITS.shapes) {
        facts.shapeUses.push({ operator, shape: retain(facts, shape) });
      }
    },
  };
}

interface AttributeSink {
  readonly tensor: (tensor: TensorFacts, size: number) => void;
  readonly text: (length: number) => void;
  readonly graph: (size: number) => void;
}

function attributeVisitor(reading: Reading, sink: AttributeSink): MessageVisitor {
  return {
    name: 'attribute',
    length: (field, length): LengthAction => {
      switch (field) {
        case ATTRIBUTE.tensor:
          return tensorVisitor('tensor', (tensor) => sink.tensor(tensor, length));
        case ATTRIBUTE.tensors:
          return tensorVisitor('tensor', (tensor) => {
            sink.graph(length);
            weigh(reading, tensor, '');
          });
        case ATTRIBUTE.graph:
        case ATTRIBUTE.graphs:
          sink.graph(length);
          return graphVisitor(reading, false);
        case ATTRIBUTE.sparse:
        case ATTRIBUTE.sparses:
          sink.graph(length);
          return sparseVisitor(reading);
        case ATTRIBUTE.text:
        case ATTRIBUTE.texts:
          sink.text(length);
          return 'skip';
        default:
          return 'skip';
      }
    },
  };
}

/** Reads a SparseTensorProto. ONNX Runtime unpacks it when it loads: its dimensions are what it weighs. */
function sparseVisitor(reading: Reading): MessageVisitor {
  const dims: number[] = [];
  let values: TensorFacts | undefined;
  return {
    name: 'sparse_tensor',
    varint: (field, value) => {
      if (field !== 3) return;
      checkLimit(dims.length + 1, MODEL_LIMITS.dimensions, 'dimensions in a sparse tensor');
      dims.push(value);
    },
    length: (field): LengthAction => {
      if (field === 3) throw unsafe('has a sparse tensor with packed dimensions, which no exporter writes');
      if (field === 1) {
        return tensorVisitor('values', (tensor) => {
          values = tensor;
          weigh(reading, tensor, '');
        });
      }
      return field === 2 ? tensorVisitor('indices', (tensor) => weigh(reading, tensor, '')) : 'skip';
    },
    end: () => {
      const elements = dims.length === 0 ? 0 : dims.reduce((product, size) => product * size, 1);
      const label = `sparse tensor ${quote(values?.name ?? '')}`;
      if (elements > MODEL_LIMITS.elements) {
        throw unsafe(
          `has ${label}, which declares ${elements.toExponential(2)} elements; the limit is ${MODEL_LIMITS.elements.toLocaleString('en')}`,
        );
      }
      reading.facts.weights.inline += (elements * (values?.bytes ?? 0)) / Math.max(1, values?.elements ?? 1);
    },
  };
}

function weigh({ facts, onExternal }: Reading, tensor: TensorFacts, name: string): void {
  if (tensor.external !== undefined) {
    onExternal(tensor.external);
    facts.weights.external += tensor.bytes;
  } else {
    facts.weights.inline += tensor.bytes;
    facts.weights.text += tensor.textBytes;
  }
  if (name !== '' && tensor.values !== undefined && facts.shapes.size < MODEL_LIMITS.shapes) {
    facts.shapes.set(
      retain(facts, name),
      tensor.values.reduce((product, size) => product * size, 1),
    );
  }
}

function count(facts: ModelFacts, domain: string, operator: string): void {
  const key = domain === 'ai.onnx' ? '' : domain;
  const operators = facts.operators.get(key) ?? new Set();
  facts.operators.set(key, operators);
  checkLimit(facts.operators.size, MODEL_LIMITS.domains, 'operator domains');
  if (!operators.has(operator)) operators.add(retain(facts, operator));
  checkLimit(operators.size, MODEL_LIMITS.operators, `operators of domain ${quote(key)}`);
}
