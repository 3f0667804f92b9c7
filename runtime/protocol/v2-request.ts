import type { GraphValue } from '#runtime/engine/session.ts';
import type { Tensor } from '#runtime/engine/tensor.ts';
import { quote, report, RequestError, type Path, type Problem } from './errors.ts';
import { readNested } from './nested.ts';
import type { ElementRule } from './scalar.ts';
import { V2_DATATYPE } from './v2-datatype.ts';

/** An input of the graph, and what model.json demands of its elements. */
export interface V2Input extends GraphValue {
  readonly rule?: ElementRule;
}

/** An inference request that fits the graph. */
export interface V2Request {
  readonly id: string | undefined;
  /** In the order of the graph's inputs. */
  readonly tensors: readonly Tensor[];
  /** Indexes into the graph's outputs, in the order that was asked for. */
  readonly outputs: readonly number[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Parameters whose meaning would be lost if they were ignored. */
const REFUSED_PARAMETER = /^(shared_memory_|sequence_|classification$)/;
const BINARY_PARAMETERS = new Set(['binary_data', 'binary_data_size', 'binary_data_output']);

/** Checks a parsed body against the graph. Throws a 400 that names everything that is wrong. */
export function readV2Request(
  body: unknown,
  inputs: readonly V2Input[],
  outputs: readonly GraphValue[],
): V2Request {
  const problems: Problem[] = [];
  if (!isObject(body))
    throw refused([{ path: [], message: `the body must be an object, got ${quote(body)}` }]);
  checkParameters(body['parameters'], [], problems);
  const id = body['id'];
  if (id !== undefined && typeof id !== 'string') {
    report(problems, ['id'], `must be a string, got ${quote(id)}`);
  }
  const tensors = readInputs(body['inputs'], inputs, problems);
  const wanted = readOutputs(body['outputs'], outputs, problems);
  if (problems.length > 0) throw refused(problems);
  return { id: typeof id === 'string' ? id : undefined, tensors, outputs: wanted };
}

function readInputs(given: unknown, inputs: readonly V2Input[], problems: Problem[]): readonly Tensor[] {
  if (!Array.isArray(given)) {
    report(
      problems,
      ['inputs'],
      `must be an array of tensors, ${given === undefined ? 'it is missing' : `got ${quote(given)}`}`,
    );
    return [];
  }
  const tensors: Tensor[] = [];
  const seen = new Set<string>();
  for (const [position, value] of given.entries()) {
    const path: Path = ['inputs', position];
    const input = isObject(value) ? inputs.find(({ name }) => name === value['name']) : undefined;
    if (!isObject(value) || input === undefined) {
      const name = isObject(value) ? quote(value['name']) : quote(value);
      report(problems, path, `is no input of this model: ${name}; its inputs are ${names(inputs)}`);
    } else if (seen.has(input.name)) {
      report(problems, path, `gives input "${input.name}" twice`);
    } else {
      seen.add(input.name);
      const tensor = readTensor(value, input, path, problems);
      if (tensor !== undefined) tensors[inputs.indexOf(input)] = tensor;
    }
  }
  for (const { name } of inputs) {
    if (!seen.has(name)) report(problems, ['inputs'], `lacks the input "${name}"`);
  }
  return tensors;
}

function readTensor(value: Fields, input: V2Input, path: Path, problems: Problem[]): Tensor | undefined {
  const before = problems.length;
  checkParameters(value['parameters'], path, problems);
  const datatype = V2_DATATYPE[input.type];
  if (value['datatype'] !== datatype) {
    report(
      problems,
      [...path, 'datatype'],
      `must be ${datatype} for input "${input.name}", got ${quote(value['datatype'])}`,
    );
  }
  const dims = readShape(value['shape'], input, [...path, 'shape'], problems);
  if (value['data'] === undefined) {
    report(problems, [...path, 'data'], `is missing; send input "${input.name}" as JSON`);
  }
  if (dims === undefined || problems.length > before) return undefined;
  const { type, rule } = input;
  const expected = { type, dims, ...(rule === undefined ? {} : { rule }) };
  const read = readNested(value['data'], expected, [...path, 'data'], problems);
  return read === undefined ? undefined : { type: input.type, dims: read.dims, data: read.data };
}

function readShape(
  value: unknown,
  input: GraphValue,
  path: Path,
  problems: Problem[],
): readonly number[] | undefined {
  const wanted = `[${input.shape.map((dim) => dim ?? -1).join(', ')}]`;
  const negative = Array.isArray(value) ? (value as unknown[]).find(isNegative) : undefined;
  if (negative !== undefined) {
    report(problems, path, `sizes must be 0 or more, got ${String(negative)}; the model takes ${wanted}`);
    return undefined;
  }
  if (!isShape(value)) {
    report(problems, path, `must be an array of sizes like ${wanted}, got ${quote(value)}`);
    return undefined;
  }
  const fits =
    value.length === input.shape.length && input.shape.every((dim, i) => dim === null || dim === value[i]);
  if (!fits)
    report(
      problems,
      path,
      `must be ${wanted} for input "${input.name}", got [${value.slice(0, 9).join(', ')}]`,
    );
  return fits ? value : undefined;
}

function isNegative(dim: unknown): dim is number {
  return typeof dim === 'number' && dim < 0;
}

function isShape(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((dim) => typeof dim === 'number' && Number.isSafeInteger(dim) && dim >= 0)
  );
}

function readOutputs(given: unknown, outputs: readonly GraphValue[], problems: Problem[]): readonly number[] {
  const all = outputs.map((_, index) => index);
  if (given === undefined) return all;
  if (!Array.isArray(given)) {
    report(problems, ['outputs'], `must be an array of {"name": ...}, got ${quote(given)}`);
    return all;
  }
  const wanted: number[] = [];
  for (const [position, value] of given.entries()) {
    const path: Path = ['outputs', position];
    const index = isObject(value) ? outputs.findIndex(({ name }) => name === value['name']) : -1;
    if (isObject(value)) checkParameters(value['parameters'], path, problems);
    if (index >= 0) wanted.push(index);
    else {
      const name = isObject(value) ? quote(value['name']) : quote(value);
      report(problems, path, `is no output of this model: ${name}; its outputs are ${names(outputs)}`);
    }
  }
  return wanted.length === 0 ? all : wanted;
}

function checkParameters(value: unknown, path: Path, problems: Problem[]): void {
  if (value === undefined) return;
  const where: Path = [...path, 'parameters'];
  if (!isObject(value)) return report(problems, where, `must be an object, got ${quote(value)}`);
  for (const [name, parameter] of Object.entries(value)) {
    if (REFUSED_PARAMETER.test(name)) {
      report(problems, [...where, name.slice(0, 100)], 'is not supported by this server');
    } else if (BINARY_PARAMETERS.has(name) && parameter !== false) {
      report(
        problems,
        [...where, name],
        'asks for binary tensor data, which this server does not speak; use JSON (in tritonclient, binary_data=False)',
      );
    }
  }
}

function names(values: readonly GraphValue[]): string {
  return values
    .slice(0, 50)
    .map(({ name }) => name)
    .join(', ');
}

function refused(problems: readonly Problem[]): RequestError {
  return new RequestError(400, 'InvalidInput', 'the inference request does not fit the model', { problems });
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
