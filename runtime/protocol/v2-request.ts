import type { GraphValue } from '#runtime/engine/session.ts';
import type { Tensor, TensorData } from '#runtime/engine/tensor.ts';
import { readBinary } from './binary/index.ts';
import { found, isFull, quote, report, RequestError, type Path, type Problem } from './errors.ts';
import { isObject, type Fields } from './json.ts';
import { readNested } from './nested.ts';
import type { ElementRule } from './scalar.ts';
import type { BinaryTail } from './v2-body.ts';
import { V2_DATATYPE } from './v2-datatype.ts';
import { readParameters } from './v2-parameters.ts';
import { readShape } from './v2-shape.ts';

/** An input of the graph, and what model.json demands of its elements. */
export interface V2Input extends GraphValue {
  readonly rule?: ElementRule;
}

export interface WantedOutput {
  /** Which of the graph's outputs. */
  readonly index: number;
  /** As bytes behind the JSON. */
  readonly binary: boolean;
}

/** An inference request that fits the graph. */
export interface V2Request {
  readonly id: string | undefined;
  /** In the order of the graph's inputs. */
  readonly tensors: readonly Tensor[];
  /** In the order that was asked for. */
  readonly outputs: readonly WantedOutput[];
}

/** Checks a parsed body against the graph. Throws a 400 that names everything that is wrong. */
export function readV2Request(
  body: unknown,
  tail: BinaryTail,
  inputs: readonly V2Input[],
  outputs: readonly GraphValue[],
): V2Request {
  const problems: Problem[] = [];
  if (!isObject(body))
    throw refused([{ path: [], message: `the body must be an object, got ${quote(body)}` }]);
  const parameters = readParameters(body['parameters'], [], problems);
  const id = body['id'] ?? undefined;
  if (id !== undefined && typeof id !== 'string') {
    report(problems, ['id'], `must be a string, got ${quote(id)}`);
  }
  const tensors = readInputs(body['inputs'], tail, inputs, problems);
  const wanted = readOutputs(body['outputs'], parameters.binary_data_output === true, outputs, problems);
  if (problems.length > 0) throw refused(problems);
  return { id: typeof id === 'string' ? id : undefined, tensors, outputs: wanted };
}

function readInputs(
  given: unknown,
  tail: BinaryTail,
  inputs: readonly V2Input[],
  problems: Problem[],
): readonly Tensor[] {
  if (!Array.isArray(given)) {
    report(problems, ['inputs'], `must be an array of tensors, ${found(given)}`);
    return [];
  }
  const tensors: Tensor[] = [];
  const seen = new Set<string>();
  const before = problems.length;
  for (const [position, value] of given.entries()) {
    if (isFull(problems)) break;
    const path: Path = ['inputs', position];
    const input = isObject(value) ? inputs.find(({ name }) => name === value['name']) : undefined;
    if (!isObject(value) || input === undefined) {
      const name = isObject(value) ? quote(value['name']) : quote(value);
      report(problems, path, `is no input of this model: ${name}; its inputs are ${names(inputs)}`);
    } else if (seen.has(input.name)) {
      report(problems, path, `gives input "${input.name}" twice`);
    } else {
      seen.add(input.name);
      const tensor = readTensor(value, tail, input, path, problems);
      if (tensor !== undefined) tensors[inputs.indexOf(input)] = tensor;
    }
  }
  for (const { name } of inputs) {
    if (!seen.has(name)) report(problems, ['inputs'], `lacks the input "${name}"`);
  }
  // After another problem the lengths may well not add up.
  const lengths = problems.length === before ? tail.problem() : undefined;
  if (lengths !== undefined) report(problems, lengths.path, lengths.message);
  return tensors;
}

function readTensor(
  value: Fields,
  tail: BinaryTail,
  input: V2Input,
  path: Path,
  problems: Problem[],
): Tensor | undefined {
  const before = problems.length;
  const { binary_data_size: size } = readParameters(value['parameters'], path, problems);
  const bytes = typeof size === 'number' ? tail.take(size) : undefined;
  const datatype = V2_DATATYPE[input.type];
  if (value['datatype'] !== datatype) {
    const got = found(value['datatype']);
    report(problems, [...path, 'datatype'], `must be ${datatype} for input "${input.name}", ${got}`);
  }
  const dims = readShape(value['shape'], input, [...path, 'shape'], problems);
  const where = [...path, 'data'];
  // KServe's client writes null beside binary data of no bytes.
  if (size !== undefined && (value['data'] ?? undefined) !== undefined) {
    report(problems, where, 'is given beside binary_data_size; send the tensor one way');
  } else if (size === undefined && value['data'] === undefined) {
    report(problems, where, `is missing; send input "${input.name}" as JSON, or as binary data`);
  }
  if (dims === undefined || problems.length > before) return undefined;
  const { type, rule } = input;
  const expected = { type, dims, ...(rule === undefined ? {} : { rule }) };
  if (size === undefined) {
    const read = readNested(value['data'], expected, where, problems);
    return read === undefined ? undefined : { type, dims: read.dims, data: read.data };
  }
  if (bytes === undefined) {
    const lengths = tail.problem();
    if (lengths !== undefined) report(problems, lengths.path, lengths.message);
    return undefined;
  }
  const data: TensorData | undefined = readBinary(bytes, expected, where, problems);
  return data === undefined ? undefined : { type, dims, data };
}

/** Which outputs are asked for; all, as `binary` says, where none is named. */
export function readOutputs(
  given: unknown,
  binary: boolean,
  outputs: readonly GraphValue[],
  problems: Problem[],
): readonly WantedOutput[] {
  const all = outputs.map((_, index) => ({ index, binary }));
  if (given === undefined || given === null) return all;
  if (!Array.isArray(given)) {
    report(problems, ['outputs'], `must be an array of {"name": ...}, got ${quote(given)}`);
    return all;
  }
  const wanted: WantedOutput[] = [];
  const seen = new Set<number>();
  for (const [position, value] of given.entries()) {
    if (isFull(problems)) break;
    const path: Path = ['outputs', position];
    const index = isObject(value) ? outputs.findIndex(({ name }) => name === value['name']) : -1;
    const parameters = isObject(value) ? readParameters(value['parameters'], path, problems) : {};
    if (index < 0) {
      const name = isObject(value) ? quote(value['name']) : quote(value);
      report(problems, path, `is no output of this model: ${name}; its outputs are ${names(outputs)}`);
    } else if (seen.has(index)) {
      // Or a short request could ask for any number of copies of a large tensor.
      report(problems, path, `asks for output "${outputs[index]?.name}" twice`);
    } else {
      seen.add(index);
      wanted.push({ index, binary: parameters.binary_data ?? binary });
    }
  }
  return wanted.length === 0 ? all : wanted;
}

function names(values: readonly GraphValue[]): string {
  return values
    .slice(0, 50)
    .map(({ name }) => name)
    .join(', ');
}

/** A 400 that says what does not fit the graph. */
export function refused(problems: readonly Problem[]): RequestError {
  return new RequestError(400, 'InvalidInput', 'the inference request does not fit the model', { problems });
}
