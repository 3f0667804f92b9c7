import { env } from 'onnxruntime-node';
import ort from 'onnxruntime-node/dist/binding.js';
import type { TensorType } from '#contract/model-manifest.ts';
import type { ExecutionProvider } from '#contract/programs.ts';
import { isTensorData, type Tensor, type TensorData } from './tensor.ts';

// The part that worker threads share with the main thread: it imports little, because each thread pays for it.

/** What opens a graph, in this thread or in another: plain data. */
export interface SessionSpec {
  readonly path: string;
  /** Threads of ONNX Runtime within one run. */
  readonly threads: number;
  /** What runs the nodes that it knows; the CPU runs the others. Absent: the CPU runs all. */
  readonly provider?: ExecutionProvider;
  /** Records, until the profile is ended, which provider runs which node, in a file whose name begins so. */
  readonly profile?: string;
}

/** A graph's input or output as the binding tells it. */
export interface NativeValue {
  readonly name: string;
  readonly isTensor: boolean;
  readonly shape?: readonly number[];
  readonly symbolicDimensions?: readonly string[];
  readonly type?: number;
}

/** The part of the binding that is used; its own types ask for onnxruntime-common's Tensor class, which it does not need. */
export interface NativeSession {
  loadModel(path: string, options: object): void;
  readonly inputMetadata: readonly NativeValue[];
  readonly outputMetadata: readonly NativeValue[];
  run(
    feeds: object,
    fetches: object,
    options: object,
  ): Readonly<Record<string, { readonly dims: readonly number[]; readonly data: unknown }>>;
  /** Gives the profile's file. */
  endProfiling(): string;
  dispose(): void;
}

/** Names and types of what goes in or comes out, in the graph's order. */
export type NamedType = Readonly<{ name: string; type: TensorType }>;

/** Takes tensors in the order of the inputs, gives tensors in the order of the outputs; throws ONNX Runtime's error. */
export type Run = (tensors: readonly Tensor[]) => readonly Tensor[];

const NO_OPTIONS = {};

/** Opens a graph; throws ONNX Runtime's error. */
export function loadNative({ path, threads, provider = 'cpu', profile }: SessionSpec): NativeSession {
  // A request that the graph refuses is answered to its sender; ONNX Runtime need not print it to stderr as well.
  env.logLevel = 'fatal';
  ort.initOrt();
  // endProfiling gives the file's name, which its own types keep back.
  const session = new ort.binding.InferenceSession() as unknown as NativeSession;
  session.loadModel(path, {
    // A provider that is asked for and cannot be had is an error here: ONNX Runtime has no fallback of its own.
    executionProviders: [provider],
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    // Waiting threads that spin would eat the CPU limit that the event loop needs.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  return session;
}

/**
 * The binding is used below onnxruntime-node's own face, whose `run` costs a promise and a turn of the event loop for
 * each call, while a batch is run and answered within one turn here.
 */
export function compileRun(
  native: NativeSession,
  inputs: readonly NamedType[],
  outputs: readonly NamedType[],
): Run {
  const fetches = Object.fromEntries(outputs.map(({ name }) => [name, null]));
  return (tensors) => {
    const feeds: Record<string, object> = {};
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i];
      const tensor = tensors[i];
      if (input === undefined || tensor === undefined) throw new RangeError(`no tensor for input ${i}`);
      feeds[input.name] = {
        type: tensor.type,
        dims: tensor.dims,
        data: toNative(tensor.data),
        location: 'cpu',
      };
    }
    const results = native.run(feeds, fetches, NO_OPTIONS);
    return outputs.map(({ name, type }) => {
      const result = results[name];
      if (result === undefined || !isTensorData(result.data))
        throw new Error(`the graph gave no output "${name}"`);
      return { type, dims: result.dims, data: result.data };
    });
  };
}

/** The binding was built before Float16Array: it takes such elements as their bits. */
function toNative(data: TensorData): TensorData {
  return data instanceof Float16Array ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
}

/** What ONNX Runtime says, without the places in its own sources. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .replaceAll(/\/onnxruntime_src\/\S+:\d+ .*?[)\]] (?=[A-Z])/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
}
