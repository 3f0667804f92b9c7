import { env } from 'onnxruntime-node';
import type { TensorType } from '#contract/model-manifest.ts';
import { FailureError } from '#contract/failure.ts';
import { cudaProblem } from './cuda.ts';
import {
  compileRun,
  errorText,
  loadNative,
  type NativeSession,
  type NativeValue,
  type Run,
  type SessionSpec,
} from './native.ts';
import { readProfile, type ProviderNodes } from './nodes.ts';

/** A graph's input or output; null is a dimension of any size. */
export interface GraphValue {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly (number | null)[];
  /** The graph's names of its dimensions, '' for one without: those of the same name have the same size. */
  readonly symbols?: readonly string[];
}

/** What a graph takes and gives. */
export interface Graph {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
}

/** A loaded graph. `run` is synchronous: ONNX Runtime's binding for Node blocks its thread in any case. */
export interface Session extends Graph {
  readonly run: Run;
  /** Which provider ran which nodes so far, of a session that was opened with a profile, which ends here. */
  endProfile(): readonly ProviderNodes[];
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

/** Opens a graph in this thread. Throws FailureError LoadFailed where it cannot be served. */
export function openSession(path: string, options: Omit<SessionSpec, 'path'>): Session {
  const native = load({ path, ...options });
  const inputs = native.inputMetadata.map((value) => graphValue(path, 'input', value));
  const outputs = native.outputMetadata.map((value) => graphValue(path, 'output', value));
  return {
    inputs,
    outputs,
    run: compileRun(native, inputs, outputs),
    endProfile: () => readProfile(native.endProfiling()),
    release: () => native.dispose(),
  };
}

/** Errors that are about the GPU and not about the graph. */
const OF_CUDA = /cuda|cudnn|cublas|shared library/i;

function load(spec: SessionSpec): NativeSession {
  try {
    return loadNative(spec);
  } catch (cause) {
    if (spec.provider === 'cuda' && OF_CUDA.test(errorText(cause))) {
      const message = `executionProvider cuda was asked for, and ${cudaProblem(cause)}`;
      throw new FailureError('LoadFailed', message, { cause });
    }
    throw new FailureError(
      'LoadFailed',
      `ONNX Runtime cannot load ${spec.path}: ${errorText(cause)}. ${adviceOn(errorText(cause))}`,
      { cause },
    );
  }
}

function adviceOn(problem: string): string {
  return problem.includes('Protobuf parsing failed')
    ? 'It is no ONNX file, or was cut short: write or copy it again.'
    : `Export the model with operators and an opset that ONNX Runtime ${env.versions.node ?? ''} knows.`;
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
  const { name, shape = [], symbolicDimensions: symbols = [] } = value;
  return { name, type, shape: shape.map((dim) => (dim < 0 ? null : dim)), symbols };
}
