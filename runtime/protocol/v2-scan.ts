import type { GraphValue } from '#runtime/engine/session.ts';
import { elementCount, type Element, type Tensor, type TensorData } from '#runtime/engine/tensor.ts';
import { readBinary } from './binary/index.ts';
import { elementProblem, toElement } from './elements.ts';
import type { Problem } from './errors.ts';
import {
  ByteReader,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  FALSE,
  fittedShape,
  KIND_OF,
  NULL,
  OPEN_BRACE,
  OPEN_BRACKET,
  skipValue,
  takeNumber,
  takeNumberArray,
  TRUE,
  Vocabulary,
} from './scan/index.ts';
import type { BinaryTail, V2Body } from './v2-body.ts';
import { V2_DATATYPE } from './v2-datatype.ts';
import { readParameters, type V2Parameters } from './v2-parameters.ts';
import { readOutputs, type V2Input, type V2Request } from './v2-request.ts';
import { fitsShape } from './v2-shape.ts';

/** Reads a request from its bytes; undefined where the parser has to, which then reads the same or says what is wrong. */
export type V2Scanner = (body: V2Body) => V2Request | undefined;

/** A tensor has no more dimensions than this here; more are for the parser. */
const MAX_DIMS = 8;
const MAX_PARSED = 64 * 1024;

const TOP = new Vocabulary(['id', 'inputs', 'outputs', 'parameters']);
const TENSOR = new Vocabulary(['name', 'shape', 'datatype', 'data', 'parameters']);
const DATATYPES = new Vocabulary(Object.values(V2_DATATYPE));
const NO_PARAMETERS: V2Parameters = {};

/** One input of the model as the scanner needs it. */
interface Column extends V2Input {
  /** Which of DATATYPES its is. */
  readonly datatype: number;
  /** What each number must be beside its type's. */
  readonly accept: ((value: number) => boolean) | undefined;
  /** Reads a string, true, false or null; undefined where it is not right. */
  readonly element: (value: unknown) => Element | undefined;
}

/** Compiles a scanner of inference requests. */
export function compileV2Scanner(inputs: readonly V2Input[], outputs: readonly GraphValue[]): V2Scanner {
  const columns = inputs.map(compileColumn);
  const names = new Vocabulary(inputs.map(({ name }) => name));
  const all = outputs.map((_, index) => ({ index, binary: false }));

  return ({ json, tail }) => {
    const reader = new ByteReader(json);
    let id: string | undefined;
    let tensors: readonly Tensor[] | undefined;
    let wanted: unknown;
    let binary = false;
    let seen = 0;
    if (!reader.take(OPEN_BRACE)) return undefined;
    do {
      if (!reader.takeString()) return undefined;
      const key = TOP.find(reader);
      if (!reader.take(COLON)) return undefined;
      if (key >= 0 && (seen & (1 << key)) !== 0) return undefined;
      if (key >= 0) seen |= 1 << key;
      if (key === 0) {
        if (!reader.takeString()) return undefined;
        id = reader.text();
      } else if (key === 1) {
        tensors = takeInputs(reader, columns, names, tail);
        if (tensors === undefined) return undefined;
      } else if (key === 2) {
        wanted = parsed(reader);
        if (wanted === undefined) return undefined;
      } else if (key === 3) {
        const parameters = takeParameters(reader);
        if (parameters === undefined) return undefined;
        binary = parameters.binary_data_output === true;
      } else if (!skipValue(reader)) return undefined;
    } while (reader.take(COMMA));
    if (!reader.take(CLOSE_BRACE) || !reader.ended() || tensors === undefined || !tail.ended)
      return undefined;
    if (wanted === undefined && !binary) return { id, tensors, outputs: all };
    const problems: Problem[] = [];
    const asked = readOutputs(wanted, binary, outputs, problems);
    return problems.length === 0 ? { id, tensors, outputs: asked } : undefined;
  };
}

function compileColumn(input: V2Input): Column {
  const { type, rule } = input;
  const limits = rule?.limits;
  return {
    ...input,
    datatype: Object.values(V2_DATATYPE).indexOf(V2_DATATYPE[type]),
    accept: limits === undefined ? undefined : (value) => limits(value) === undefined,
    element(value) {
      if (value === null) return rule?.missing;
      const problem = elementProblem(type, value) ?? limits?.(value);
      return problem === undefined ? toElement(type, value) : undefined;
    },
  };
}

function takeInputs(
  reader: ByteReader,
  columns: readonly Column[],
  names: Vocabulary,
  tail: BinaryTail,
): readonly Tensor[] | undefined {
  if (!reader.take(OPEN_BRACKET)) return undefined;
  const tensors: (Tensor | undefined)[] = [];
  let count = 0;
  do {
    const fields = takeTensor(reader, columns, names);
    const tensor = fields && tensorOf(fields, reader, tail);
    if (fields === undefined || tensor === undefined || tensors[fields.index] !== undefined) return undefined;
    tensors[fields.index] = tensor;
    count++;
  } while (reader.take(COMMA));
  if (!reader.take(CLOSE_BRACKET) || count !== columns.length) return undefined;
  return tensors as readonly Tensor[];
}

/** A tensor's fields, in whatever order they came. */
interface TensorFields {
  readonly index: number;
  readonly column: Column;
  readonly dims: readonly number[];
  readonly size: number | undefined;
  /** Where `data` begins and ends; 0 where there is none. */
  readonly dataAt: number;
  /** The data that was read in passing, as its type was known by then. */
  readonly data: TensorData | undefined;
}

function takeTensor(
  reader: ByteReader,
  columns: readonly Column[],
  names: Vocabulary,
): TensorFields | undefined {
  let seen = 0;
  let index = -1;
  let dims: readonly number[] | undefined;
  let parameters = NO_PARAMETERS;
  let datatype = -1;
  let dataAt = 0;
  let data: TensorData | undefined;
  if (!reader.take(OPEN_BRACE)) return undefined;
  do {
    if (!reader.takeString()) return undefined;
    const key = TENSOR.find(reader);
    if (!reader.take(COLON)) return undefined;
    if (key >= 0 && (seen & (1 << key)) !== 0) return undefined;
    if (key >= 0) seen |= 1 << key;
    if (key === 0) {
      if (!reader.takeString()) return undefined;
      index = names.find(reader);
      if (index < 0) return undefined;
    } else if (key === 1) {
      dims = takeShape(reader);
      if (dims === undefined) return undefined;
    } else if (key === 2) {
      if (!reader.takeString()) return undefined;
      datatype = DATATYPES.find(reader);
    } else if (key === 3) {
      reader.peek();
      dataAt = reader.at;
      const column = columns[index];
      // Mostly the data come last. Where they do not, this goes over them and comes back.
      if (column === undefined || dims === undefined) {
        if (!skipValue(reader)) return undefined;
      } else {
        data = takeData(reader, column, dims);
        if (data === undefined) return undefined;
      }
    } else if (key === 4) {
      const read = takeParameters(reader);
      if (read === undefined) return undefined;
      parameters = read;
    } else if (!skipValue(reader)) return undefined;
  } while (reader.take(COMMA));
  const column = columns[index];
  if (!reader.take(CLOSE_BRACE) || column === undefined || dims === undefined) return undefined;
  if (datatype !== column.datatype || !fitsShape(dims, column.shape)) return undefined;
  return { index, column, dims, size: parameters.binary_data_size, dataAt, data };
}

function tensorOf(
  { column, dims, size, dataAt, data: read }: TensorFields,
  reader: ByteReader,
  tail: BinaryTail,
): Tensor | undefined {
  const { type, rule } = column;
  let data = read;
  if (size !== undefined) {
    const bytes = dataAt === 0 ? tail.take(size) : undefined;
    if (bytes === undefined) return undefined;
    data = readBinary(bytes, { type, dims, ...(rule === undefined ? {} : { rule }) }, [], []);
  } else if (data === undefined && dataAt > 0) {
    const end = reader.at;
    reader.at = dataAt;
    data = takeData(reader, column, dims);
    reader.at = end;
  }
  return data === undefined ? undefined : { type, dims, data };
}

/** Takes `data` as a tensor of these dimensions. */
function takeData(reader: ByteReader, column: Column, dims: readonly number[]): TensorData | undefined {
  const count = elementCount(dims);
  const { type, accept } = column;
  if (type === 'string' || type === 'bool') return takeElements(reader, column, count);
  const array = takeNumberArray(reader, accept === undefined ? { type, count } : { type, count, accept });
  return array !== undefined && fittedShape(array.dims, dims, count) !== undefined ? array.data : undefined;
}

/** Takes a flat array of strings or booleans. */
function takeElements(reader: ByteReader, column: Column, count: number): TensorData | undefined {
  if (!reader.take(OPEN_BRACKET)) return undefined;
  const elements: Element[] = [];
  do {
    const value = takeScalar(reader);
    const element = value === undefined ? undefined : column.element(value);
    if (element === undefined || elements.length === count) return undefined;
    elements.push(element);
  } while (reader.take(COMMA));
  if (!reader.take(CLOSE_BRACKET) || elements.length !== count) return undefined;
  return column.type === 'string' ? elements.map(String) : Uint8Array.from(elements, Number);
}

/** A value that is no array and no object; undefined for one that is, or is none. */
function takeScalar(reader: ByteReader): unknown {
  switch (KIND_OF[reader.peek()]) {
    case 'string':
      return reader.takeString() ? reader.text() : undefined;
    case 'number':
      return takeNumber(reader);
    case 'true':
      return reader.takeWord(TRUE) ? true : undefined;
    case 'false':
      return reader.takeWord(FALSE) ? false : undefined;
    case 'null':
      return reader.takeWord(NULL) ? null : undefined;
    default:
      return undefined;
  }
}

/** Takes an array of sizes. */
function takeShape(reader: ByteReader): readonly number[] | undefined {
  if (!reader.take(OPEN_BRACKET)) return undefined;
  const dims: number[] = [];
  if (reader.take(CLOSE_BRACKET)) return dims;
  do {
    reader.peek();
    const dim = takeNumber(reader);
    if (!Number.isSafeInteger(dim) || dim < 0 || dims.length === MAX_DIMS) return undefined;
    dims.push(dim);
  } while (reader.take(COMMA));
  return reader.take(CLOSE_BRACKET) ? dims : undefined;
}

function takeParameters(reader: ByteReader): V2Parameters | undefined {
  const value = parsed(reader);
  if (value === undefined) return undefined;
  const problems: Problem[] = [];
  const parameters = readParameters(value, [], problems);
  return problems.length === 0 ? parameters : undefined;
}

/** Takes a value and parses it: what is small, and may be written in many ways. A long one is parsed once, with all else. */
function parsed(reader: ByteReader): unknown {
  reader.peek();
  const { at } = reader;
  if (!skipValue(reader) || reader.at - at > MAX_PARSED) return undefined;
  return JSON.parse(reader.bytes.toString('utf8', at, reader.at)) as unknown;
}
