import type { Job } from '#runtime/engine/batcher.ts';
import type { GraphValue } from '#runtime/engine/session.ts';
import { allocate, copyElements, elementCount, type Tensor } from '#runtime/engine/tensor.ts';
import { RequestError } from './errors.ts';
import { parseJson, parseJsonExactly } from './json.ts';
import type { Reader, Sink } from './predict.ts';
import type { Prediction, PredictionReader } from './prediction.ts';
import { flatJson } from './tensor-json.ts';
import { V2_DATATYPE } from './v2-datatype.ts';
import { readV2Request, type V2Input, type V2Request } from './v2-request.ts';

export interface V2Model {
  /** The name that the protocol knows the model by. */
  readonly name: string;
  readonly version: string;
  readonly inputs: readonly V2Input[];
  readonly outputs: readonly GraphValue[];
  /** Rows may be merged along the first dimension. */
  readonly merging: boolean;
  readonly prediction: PredictionReader | undefined;
}

/** Compiles POST /v2/models/.../infer: JSON tensors in, JSON tensors out. */
export function compileV2(model: V2Model): Reader {
  const exact = model.inputs.some(({ type }) => type === 'int64' || type === 'uint64');
  return (body, _context, sink) => {
    const request = readV2Request(
      exact ? parseJsonExactly(body) : parseJson(body),
      model.inputs,
      model.outputs,
    );
    if (!model.merging) return wholeJob(model, request, sink);
    const rows = commonRows(model, request);
    if (rows > 0) return mergingJob(model, request, rows, sink);
    sink.answer(answerJson(model, request, noRows(model)), []);
    return undefined;
  };
}

/** The answer to GET /v2/models/<name>. */
export function v2Metadata({ name, version, inputs, outputs }: V2Model): object {
  const describe = (value: GraphValue): object => ({
    name: value.name,
    datatype: V2_DATATYPE[value.type],
    shape: value.shape.map((dim) => dim ?? -1),
  });
  return {
    name,
    versions: [version],
    platform: 'onnxruntime_onnx',
    inputs: inputs.map(describe),
    outputs: outputs.map(describe),
  };
}

/** A request whose tensors run as they are, alone. */
function wholeJob(model: V2Model, request: V2Request, sink: Sink): Job {
  let answer = '';
  return {
    rows: 1,
    shapes: shapesOf(request.tensors, 0),
    fill(inputs) {
      for (const [index, { data }] of request.tensors.entries()) {
        const target = inputs[index];
        if (target !== undefined) copyElements(target, 0, data, 0, data.length);
      }
    },
    take: (outputs) => {
      answer = answerJson(model, request, outputs);
    },
    done: () => sink.answer(answer, []),
    fail: (error) => sink.refuse(error),
  };
}

/** A request whose rows share runs with others, and may be spread over several. */
function mergingJob(model: V2Model, request: V2Request, rows: number, sink: Sink): Job {
  const results: Tensor[] = [];
  const predictions: Prediction[] = [];
  return {
    rows,
    shapes: shapesOf(request.tensors, 1),
    fill(inputs, at, from, count) {
      for (const [index, { data }] of request.tensors.entries()) {
        const stride = data.length / rows;
        const target = inputs[index];
        if (target !== undefined) copyElements(target, at * stride, data, from * stride, count * stride);
      }
    },
    take(outputs, at, from, count, total) {
      for (const [index, output] of outputs.entries()) {
        results[index] ??= rowsOf(output, rows);
        copyRows(results[index], from, rows, output, at, total, count);
      }
      for (let i = 0; model.prediction !== undefined && i < count; i++) {
        predictions.push(model.prediction(outputs, at + i, total));
      }
    },
    done: () => sink.answer(answerJson(model, request, results), predictions),
    fail: (error) => sink.refuse(error),
  };
}

/** An empty tensor for so many rows, each of this run's shape. */
function rowsOf({ type, dims }: Tensor, rows: number): Tensor {
  const all = [rows, ...dims.slice(1)];
  return { type, dims: all, data: allocate(type, elementCount(all)) };
}

function copyRows(
  target: Tensor,
  to: number,
  rows: number,
  source: Tensor,
  from: number,
  total: number,
  count: number,
): void {
  const stride = source.data.length / total;
  if (target.data.length / rows !== stride) {
    throw new RequestError(
      422,
      'InputRefusedByModel',
      'the rows of this request give answers of different sizes; send them apart',
    );
  }
  copyElements(target.data, to * stride, source.data, from * stride, count * stride);
}

function commonRows({ inputs }: V2Model, { tensors }: V2Request): number {
  const sizes = tensors.map(({ dims }) => dims[0] ?? 0);
  const [rows = 0] = sizes;
  const other = sizes.findIndex((size) => size !== rows);
  if (other >= 0) {
    const message = `all inputs must have the same first dimension: "${inputs[0]?.name}" has ${rows}, "${inputs[other]?.name}" has ${sizes[other]}`;
    throw new RequestError(400, 'InvalidInput', message, {
      problems: [{ path: ['inputs', other, 'shape'], message: 'has another number of rows' }],
    });
  }
  return rows;
}

function shapesOf(tensors: readonly Tensor[], leading: number): Job['shapes'] {
  const dims = tensors.map((tensor) => tensor.dims.slice(leading));
  return { key: dims.map((inner) => inner.join('x')).join(','), dims };
}

function answerJson(
  { name, version, outputs: described }: V2Model,
  request: V2Request,
  outputs: readonly Tensor[],
): string {
  const parts = request.outputs.map((index) => {
    const tensor = outputs[index];
    const output = described[index];
    if (tensor === undefined || output === undefined) throw new RangeError(`no output ${index}`);
    const data = flatJson(tensor, 0, tensor.data.length);
    return `{"name":${JSON.stringify(output.name)},"datatype":"${V2_DATATYPE[output.type]}","shape":[${tensor.dims.join(',')}],"data":${data}}`;
  });
  const id = request.id === undefined ? '' : `,"id":${JSON.stringify(request.id)}`;
  return `{"model_name":${JSON.stringify(name)},"model_version":${JSON.stringify(version)}${id},"outputs":[${parts.join(',')}]}`;
}

/** No rows give no rows: each output with its shape, where a size that only a run would tell is 0. */
function noRows({ outputs }: V2Model): readonly Tensor[] {
  return outputs.map(({ type, shape }) => ({
    type,
    dims: shape.map((dim, index) => (index === 0 ? 0 : (dim ?? 0))),
    data: allocate(type, 0),
  }));
}
