import type { Job } from '#runtime/engine/job.ts';
import type { GraphValue } from '#runtime/engine/session.ts';
import {
  copyElements,
  emptyTensor,
  sliceElements,
  type Tensor,
  type TensorData,
} from '#runtime/engine/tensor.ts';
import { RequestError } from './errors.ts';
import { parseJson, parseJsonExactly } from './json.ts';
import type { Reader, Sink } from './predict.ts';
import type { Prediction, PredictionReader } from './prediction.ts';
import { compileV2Answer, type V2AnswerWriter } from './v2-answer.ts';
import { splitBody, type V2Body } from './v2-body.ts';
import { V2_DATATYPE } from './v2-datatype.ts';
import { refuseHollow } from './v2-hollow.ts';
import { noRows } from './v2-no-rows.ts';
import { readV2Request, type V2Input, type V2Request } from './v2-request.ts';
import { compileV2Scanner } from './v2-scan.ts';

export interface V2Model {
  /** The name that the protocol knows the model by. */
  readonly name: string;
  readonly version: string;
  readonly inputs: readonly V2Input[];
  readonly outputs: readonly GraphValue[];
  /** Rows may be merged along the first dimension. */
  readonly merging: boolean;
  readonly prediction: PredictionReader | undefined;
  /** The outputs' dimensions in a run at the start, where there was one: they tell what the graph leaves open. */
  readonly seenDims?: readonly (readonly number[])[];
}

/** A model with what is compiled for it. */
interface Compiled extends V2Model {
  readonly answer: V2AnswerWriter;
}

/** Compiles POST /v2/models/.../infer: tensors as JSON or as binary data, both ways. */
export function compileV2(model: V2Model): Reader {
  const read = compileV2Request(model.inputs, model.outputs);
  const compiled = { ...model, answer: compileV2Answer(model) };
  return (body, _context, sink, jsonLength) => {
    const request = read(splitBody(body, jsonLength));
    const rows = rowsOf(model, request);
    if (rows === 0) {
      sink.answer(compiled.answer(request, noRows(model, request)), []);
      return undefined;
    }
    const { tensors } = request;
    refuseHollow(model.inputs, request, model.merging && tensors.some(({ data }) => data.length > 0));
    return model.merging ? mergingJob(compiled, request, rows, sink) : wholeJob(compiled, request, sink);
  };
}

/** Reads a request's bytes, by the scanner where it is certain, else by the parser. Throws a 400. */
export function compileV2Request(
  inputs: readonly V2Input[],
  outputs: readonly GraphValue[],
): (body: V2Body) => V2Request {
  const exact = inputs.some(({ type }) => type === 'int64' || type === 'uint64');
  const scan = compileV2Scanner(inputs, outputs);
  return (body) => {
    const scanned = scan(body);
    if (scanned !== undefined) return scanned;
    const { json, tail } = body;
    tail.rewind();
    return readV2Request(exact ? parseJsonExactly(json) : parseJson(json), tail, inputs, outputs);
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
function wholeJob({ answer }: Compiled, request: V2Request, sink: Sink): Job {
  let outputs: readonly Tensor[] = [];
  return {
    rows: 1,
    shapes: shapesOf(request.tensors, 0),
    fill(inputs) {
      for (const [index, { data }] of request.tensors.entries()) {
        const target = inputs[index];
        if (target !== undefined) copyElements(target, 0, data, 0, data.length);
      }
    },
    view: () => request.tensors.map(({ data }) => data),
    take: (all) => {
      outputs = all;
    },
    done: () => sink.answer(answer(request, outputs), []),
    fail: (error) => sink.refuse(error),
  };
}

/** A request whose rows share runs with others, and may be spread over several. */
function mergingJob({ answer, prediction }: Compiled, request: V2Request, rows: number, sink: Sink): Job {
  const { tensors } = request;
  let results: Tensor[] = [];
  const predictions: Prediction[] = [];
  return {
    rows,
    shapes: shapesOf(tensors, 1),
    fill(inputs, at, from, count) {
      for (let i = 0; i < inputs.length; i++) {
        const data = tensors[i]?.data ?? [];
        const target = inputs[i] ?? [];
        const stride = data.length / rows;
        copyElements(target, at * stride, data, from * stride, count * stride);
      }
    },
    view: (from, count) => tensors.map(({ data }) => rowsIn(data, from, count, rows)),
    take(outputs, at, from, count, total) {
      if (count === rows) {
        // All its rows in one run: they are read where they lie.
        results = outputs.map(({ type, dims, data }) => ({
          type,
          dims: [rows, ...dims.slice(1)],
          data: rowsIn(data, at, count, total),
        }));
      } else {
        for (const [index, output] of outputs.entries()) {
          results[index] ??= emptyRows(output, rows);
          copyRows(results[index], from, rows, output, at, total, count);
        }
      }
      if (prediction === undefined) return;
      for (let i = 0; i < count; i++) predictions.push(prediction(outputs, at + i, total));
    },
    done: () => sink.answer(answer(request, results), predictions),
    fail: (error) => sink.refuse(error),
  };
}

/** Rows [from, from + count) of a tensor of `rows` rows, where they lie. */
function rowsIn(data: TensorData, from: number, count: number, rows: number): TensorData {
  if (count === rows) return data;
  const stride = data.length / rows;
  return sliceElements(data, from * stride, count * stride);
}

/** An empty tensor for so many rows, each of this run's shape. */
function emptyRows({ type, dims }: Tensor, rows: number): Tensor {
  return emptyTensor(type, [rows, ...dims.slice(1)]);
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

/** How many rows a request has; 1 where its tensors are a run of their own, unless there is nothing to run. */
function rowsOf(model: V2Model, { tensors }: V2Request): number {
  const rows = tensors[0]?.dims[0] ?? 0;
  if (model.merging) {
    const other = tensors.findIndex(({ dims }) => dims[0] !== rows);
    if (other >= 0) throw unequalRows(model, tensors, other);
    return rows;
  }
  const empty = tensors.length > 0 && tensors.every(({ dims }) => dims[0] === 0);
  return empty && model.outputs.every(({ shape }) => shape[0] === null) ? 0 : 1;
}

function unequalRows({ inputs }: V2Model, tensors: readonly Tensor[], other: number): RequestError {
  const [first, second] = [tensors[0]?.dims[0], tensors[other]?.dims[0]];
  const message = `all inputs must have the same first dimension: "${inputs[0]?.name}" has ${first}, "${inputs[other]?.name}" has ${second}`;
  return new RequestError(400, 'InvalidInput', message, {
    problems: [{ path: ['inputs', other, 'shape'], message: 'has another number of rows' }],
  });
}

function shapesOf(tensors: readonly Tensor[], leading: number): Job['shapes'] {
  const dims = tensors.map((tensor) => tensor.dims.slice(leading));
  return { key: dims.map((inner) => inner.join('x')).join(','), dims };
}
