import { createHash } from 'node:crypto';
import { FailureError } from '#contract/failure.ts';
import {
  checkLimit,
  createFacts,
  type ExternalData,
  MODEL_LIMITS,
  type ModelFacts,
  unsafe,
  type Weights,
} from './facts.ts';
import { graphVisitor, nodeVisitor, type Reading } from './graph.ts';
import { type Graph, judge } from './judge.ts';
import { formatBytes, heaviestPart } from './memory.ts';
import { otherFormat } from './other-format.ts';
import { type LengthAction, type MessageVisitor, WireError, WireReader } from './wire.ts';

export interface InspectOptions {
  /** The file as messages name it. */
  readonly name: string;
  /** Its size, where it is known before it is read. */
  readonly size?: number;
  /** Throws for external data that may not be followed. */
  readonly onExternal: (data: ExternalData) => void;
}

export interface Inspection {
  readonly sha256: string;
  readonly size: number;
  /** Why the graph must not be loaded; the digest is that of the whole file all the same. */
  readonly result: { readonly graph: Graph; readonly weights: Weights } | { readonly failure: FailureError };
}

/**
 * Reads an ONNX file once, from start to end, at constant memory: its digest, what the graph says of itself, and
 * whether it may be loaded. Rejects only with the stream's own errors.
 */
export async function inspectModel(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: InspectOptions,
): Promise<Inspection> {
  const hash = createHash('sha256');
  const facts = createFacts();
  const reader = new WireReader(modelVisitor({ facts, onExternal: options.onExternal }), options.size);
  let head: Buffer = Buffer.alloc(0);
  let size = 0;
  let failure: FailureError | undefined;
  for await (const chunk of bytes) {
    hash.update(chunk);
    size += chunk.length;
    if (head.length < 16) head = Buffer.concat([head, chunk.subarray(0, 16)]);
    failure ??= attempt(() => reader.push(chunk), facts, options.name, head);
  }
  failure ??= attempt(() => reader.finish(), facts, options.name, head);
  const graph = failure ?? judged(facts, size, options.name, head);
  return {
    sha256: hash.digest('hex'),
    size,
    result: graph instanceof FailureError ? { failure: graph } : { graph, weights: facts.weights },
  };
}

/** OutOfMemory when the model cannot fit under the limit, with both numbers. */
export function checkMemory(
  name: string,
  { estimatedMemoryBytes }: Graph,
  weights: Weights | undefined,
  limitBytes: number | undefined,
): void {
  if (limitBytes === undefined || estimatedMemoryBytes <= limitBytes) return;
  throw new FailureError(
    'OutOfMemory',
    `${name} needs about ${formatBytes(estimatedMemoryBytes)} of memory to load` +
      `${weights === undefined ? '' : ` (${heaviestPart(weights)})`}; ` +
      `the limit is ${formatBytes(limitBytes)}. Raise spec.serving.resources.limits.memory, or make the model smaller.`,
  );
}

function judged(facts: ModelFacts, size: number, name: string, head: Buffer): Graph | FailureError {
  let graph: Graph | undefined;
  const failure = attempt(
    () => {
      graph = judge(facts, size);
    },
    facts,
    name,
    head,
  );
  return failure ?? (graph as Graph);
}

function attempt(step: () => void, facts: ModelFacts, name: string, head: Buffer): FailureError | undefined {
  try {
    step();
    return undefined;
  } catch (error) {
    if (error instanceof FailureError) {
      const what = facts.hasGraph ? undefined : otherFormat(head);
      return new FailureError(error.reason, `${name} ${what ?? error.message}.`, { cause: error });
    }
    if (!(error instanceof WireError)) throw error;
    const other = facts.hasGraph ? undefined : otherFormat(head);
    return unsafe(
      `${name} ${other ?? `is not a whole ONNX model: ${error.message} (at byte ${error.offset}). Export and upload it again`}.`,
    );
  }
}

/** ModelProto. */
function modelVisitor(reading: Reading): MessageVisitor {
  const { facts } = reading;
  return {
    name: 'the model',
    varint: (field, value) => {
      if (field === 1) facts.irVersion = value;
    },
    length: (field, length): LengthAction => {
      switch (field) {
        case 2:
          return length <= 256 ? 'collect' : 'skip';
        case 7:
          facts.hasGraph = true;
          return graphVisitor(reading, true);
        case 8:
          return opsetVisitor((domain, version) => {
            facts.opsets.set(domain === 'ai.onnx' ? '' : domain, version);
            checkLimit(facts.opsets.size, MODEL_LIMITS.domains, 'opset imports');
          });
        case 25:
          return functionVisitor(reading);
        default:
          return 'skip';
      }
    },
    bytes: (_, bytes) => {
      facts.producer = bytes.toString();
    },
  };
}

/** OperatorSetIdProto. */
function opsetVisitor(done: (domain: string, version: number) => void): MessageVisitor {
  let domain = '';
  let version = 0;
  return {
    name: 'opset_import',
    varint: (field, value) => {
      if (field === 2) version = value;
    },
    length: (field, length): LengthAction => {
      if (field !== 1) return 'skip';
      checkLimit(length, MODEL_LIMITS.nameBytes, 'bytes in the name of an operator domain');
      return 'collect';
    },
    bytes: (_, bytes) => {
      domain = bytes.toString();
    },
    end: () => done(domain, version),
  };
}

/** FunctionProto: an operator that the model defines itself, in a domain of its choice. */
function functionVisitor(reading: Reading): MessageVisitor {
  return {
    name: 'function',
    length: (field, length): LengthAction => {
      if (field === 7) return nodeVisitor(reading);
      if (field !== 10) return 'skip';
      checkLimit(length, MODEL_LIMITS.nameBytes, 'bytes in the name of an operator domain');
      return 'collect';
    },
    bytes: (_, bytes) => {
      reading.facts.functionDomains.add(bytes.toString());
      checkLimit(reading.facts.functionDomains.size, MODEL_LIMITS.domains, 'domains of functions');
    },
  };
}
