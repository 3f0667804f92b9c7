import { env } from 'onnxruntime-node';
import ort from 'onnxruntime-node/dist/binding.js';
import type { TensorType } from '#contract/model-manifest.ts';
import { FailureError } from '#contract/failure.ts';
import { isTensorData, type Tensor, type TensorData } from './tensor.ts';

/** A graph's input or output; null is a dimension of any size. */
export interface GraphValue {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly (number | null)[];
}

/** A loaded graph. `run` is synchronous: ONNX Runtime's binding for Node blocks its thread in any case. */
export interface Session {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Takes tensors in the order of `inputs`, gives tensors in the order of `outputs`; throws ONNX Runtime's error. */
  run(tensors: readonly Tensor[]): readonly Tensor[];
  release(): void;
}

/** onnx.proto's TensorProto.DataType, as the binding gives it. */
const TYPES: readonly (TensorType | undefined)[] = [
  undefined,
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
];

interface NativeValue {
  readonly name: string;
  readonly isTensor: boolean;
  readonly shape?: readonly number[];
  readonly type?: number;
}

/** The part of the binding that is used; its own types ask for onnxruntime-common's Tensor class, which it does not need. */
interface NativeSession {
  loadModel(path: string, options: object): void;
  readonly inputMetadata: readonly NativeValue[];
  readonly outputMetadata: readonly NativeValue[];
  run(
    feeds: object,
    fetches: object,
    options: object,
  ): Readonly<Record<string, { readonly dims: readonly number[]; readonly data: unknown }>>;
  dispose(): void;
}

const NO_OPTIONS = {};

/**
 * Opens a graph. The binding is used below onnxruntime-node's own face, whose `run` costs a promise and a turn of the
 * event loop for each call, while a batch is run and answered within one turn here.
 */
export function openSession(path: string, options: { readonly threads: number }): Session {
  const native = load(path, options.threads);
  const inputs = native.inputMetadata.map((value) => graphValue(path, 'input', value));
  const outputs = native.outputMetadata.map((value) => graphValue(path, 'output', value));
  const fetches = Object.fromEntries(outputs.map(({ name }) => [name, null]));
  return {
    inputs,
    outputs,
    run(tensors) {
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
    },
    release: () => native.dispose(),
  };
}

function load(path: string, threads: number): NativeSession {
  // A request that the graph refuses is answered to its sender; ONNX Runtime need not print it to stderr as well.
  env.logLevel = 'fatal';
  ort.initOrt();
  const session: NativeSession = new ort.binding.InferenceSession();
  try {
    session.loadModel(path, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
      // Waiting threads that spin would eat the CPU limit that the event loop needs.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
  } catch (cause) {
    throw new FailureError(
      'LoadFailed',
      `ONNX Runtime cannot load ${path}: ${errorText(cause)}. Export the model with operators and an opset that ONNX Runtime ${env.versions.node ?? ''} knows.`,
      { cause },
    );
  }
  return session;
}

function graphValue(path: string, role: string, value: NativeValue): GraphValue {
  if (!value.isTensor) {
    throw new FailureError(
      'LoadFailed',
      `${role} "${value.name}" of ${path} is a sequence or a map; only tensors can be served. With skl2onnx, convert with options={"zipmap": False}.`,
    );
  }
  const type = TYPES[value.type ?? 0];
  if (type === undefined) {
    throw new FailureError(
      'LoadFailed',
      `${role} "${value.name}" of ${path} has ONNX element type ${value.type}, which cannot be served; cast it to float32, float16, an integer type, bool or string in the graph.`,
    );
  }
  return { name: value.name, type, shape: (value.shape ?? []).map((dim) => (dim < 0 ? null : dim)) };
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
