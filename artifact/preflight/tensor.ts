import { elementType, elementTypeName, INT64_TYPE, STRING_TYPE } from './element-types.ts';
import { checkLimit, type ExternalData, MODEL_LIMITS, quote, unsafe } from './facts.ts';
import type { LengthAction, MessageVisitor } from './wire.ts';

/** What one tensor of the file is. */
export interface TensorFacts {
  readonly name: string;
  readonly element: number;
  readonly elements: number;
  /** Bytes in memory, texts aside. */
  readonly bytes: number;
  readonly textBytes: number;
  readonly external?: ExternalData;
  /** Its values, where it holds at most 8 of int64: it may be a shape. */
  readonly values?: readonly number[];
}

const FIELD = {
  dims: 1,
  dataType: 2,
  floatData: 4,
  int32Data: 5,
  stringData: 6,
  int64Data: 7,
  name: 8,
  rawData: 9,
  doubleData: 10,
  uint64Data: 11,
  externalData: 13,
  dataLocation: 14,
} as const;
const PACKED_VARINTS: ReadonlySet<number> = new Set([FIELD.int32Data, FIELD.int64Data, FIELD.uint64Data]);
const SHAPE_BYTES = 64;
const EXTERNAL = 1;

/** Reads a TensorProto without its data, and checks that it holds what it declares. */
export function tensorVisitor(name: string, done: (tensor: TensorFacts) => void): MessageVisitor {
  const dims: number[] = [];
  const values: number[] = [];
  const entries = new Map<string, string>();
  let tensorName = '';
  let element = 0;
  let isExternal = false;
  let rawBytes = 0;
  let count = 0;
  let textBytes = 0;

  const value = (number: number) => {
    count += 1;
    if (values.length <= 8) values.push(signed(number));
  };
  const dimension = (size: number) => {
    checkLimit(dims.length + 1, MODEL_LIMITS.dimensions, `dimensions in tensor ${quote(tensorName)}`);
    dims.push(size);
  };

  return {
    name,
    varint: (field, number) => {
      if (field === FIELD.dims) dimension(number);
      else if (field === FIELD.dataType) element = number;
      else if (field === FIELD.dataLocation) isExternal = number === EXTERNAL;
      else if (PACKED_VARINTS.has(field)) value(number);
    },
    fixed: (field) => {
      if (field === FIELD.floatData || field === FIELD.doubleData) count += 1;
    },
    length: (field, length): LengthAction => {
      switch (field) {
        case FIELD.name:
          checkLimit(length, MODEL_LIMITS.nameBytes, 'bytes in the name of a tensor');
          return 'collect';
        case FIELD.dims:
          return 'scan';
        case FIELD.rawData:
          rawBytes = length;
          return length <= SHAPE_BYTES ? 'collect' : 'skip';
        case FIELD.floatData:
          count += length / 4;
          return 'skip';
        case FIELD.doubleData:
          count += length / 8;
          return 'skip';
        case FIELD.stringData:
          count += 1;
          textBytes += length;
          return 'skip';
        case FIELD.externalData:
          checkLimit(
            entries.size + 1,
            MODEL_LIMITS.externalEntries,
            'entries of external data in one tensor',
          );
          return entryVisitor((key, entry) => entries.set(key, entry));
        default:
          return PACKED_VARINTS.has(field) ? 'scan' : 'skip';
      }
    },
    scan: packedVarints((field, number) => (field === FIELD.dims ? dimension(number) : value(number))),
    bytes: (field, bytes) => {
      if (field === FIELD.name) tensorName = bytes.toString();
      else if (field === FIELD.rawData && element === INT64_TYPE) values.push(...int64s(bytes));
    },
    end: () => {
      const label = `tensor ${quote(tensorName)}`;
      const elements = elementCount(dims, label);
      const type = elementType(element);
      if (type === undefined)
        throw unsafe(`has ${label} of ${elementTypeName(element)}, which ONNX Runtime does not know`);
      const bytes = Math.ceil((elements * type.bits) / 8);
      const external = isExternal ? externalData(tensorName, entries, bytes) : undefined;
      if (external === undefined)
        checkHeld(label, { element, elements, bytes, rawBytes, count, bits: type.bits });
      done({
        name: tensorName,
        element,
        elements,
        bytes,
        textBytes,
        ...(external === undefined ? {} : { external }),
        ...(element === INT64_TYPE && values.length === elements ? { values } : {}),
      });
    },
  };
}

/** The product of the dimensions. Throws for negative ones and for more elements than any machine holds. */
export function elementCount(dims: readonly number[], label: string): number {
  if (dims.some((size) => signed(size) < 0)) throw unsafe(`has ${label} with a negative dimension`);
  const elements = dims.includes(0) ? 0 : dims.reduce((product, size) => product * size, 1);
  if (elements > MODEL_LIMITS.elements) {
    throw unsafe(
      `has ${label}, which declares ${elements.toLocaleString('en', { maximumSignificantDigits: 4 })} elements; the limit is ${MODEL_LIMITS.elements.toLocaleString('en')}`,
    );
  }
  return elements;
}

interface Held {
  readonly element: number;
  readonly elements: number;
  readonly bytes: number;
  readonly rawBytes: number;
  readonly count: number;
  readonly bits: number;
}

/** A tensor that declares a billion elements and holds three would make ONNX Runtime set memory aside for the billion. */
function checkHeld(label: string, { element, elements, bytes, rawBytes, count, bits }: Held): void {
  if (rawBytes > 0 && element !== STRING_TYPE) {
    if (rawBytes === bytes) return;
    throw unsafe(
      `has ${label}, which declares ${elements} elements (${bytes} bytes) and holds ${rawBytes} bytes`,
    );
  }
  // Types below a byte are packed, complex ones take two numbers: their typed fields are no count of elements.
  const isCounted = bits >= 8 && (bits < 64 || element === INT64_TYPE || element === 11 || element === 13);
  if (isCounted || element === STRING_TYPE ? count !== elements : count === 0 && elements > 0) {
    throw unsafe(`has ${label}, which declares ${elements} elements and holds ${count}`);
  }
}

function externalData(tensor: string, entries: ReadonlyMap<string, string>, bytes: number): ExternalData {
  const number = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined || text === '') return undefined;
    const parsed = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(parsed)) return parsed;
    throw unsafe(
      `has tensor ${quote(tensor)} with the external ${key} ${quote(text)}, which is not a number of bytes`,
    );
  };
  const location = entries.get('location') ?? '';
  const length = number('length') ?? bytes;
  if (length !== bytes) {
    throw unsafe(
      `has tensor ${quote(tensor)}, which declares ${bytes} bytes and takes ${length} from ${quote(location)}`,
    );
  }
  return { tensor, location, offset: number('offset') ?? 0, length };
}

/** StringStringEntryProto. */
function entryVisitor(done: (key: string, value: string) => void): MessageVisitor {
  let key = '';
  let value = '';
  return {
    name: 'external_data',
    length: (_, length) => {
      checkLimit(length, MODEL_LIMITS.nameBytes, 'bytes in an entry of external data');
      return 'collect';
    },
    bytes: (field, bytes) => {
      if (field === 1) key = bytes.toString();
      else if (field === 2) value = bytes.toString();
    },
    end: () => done(key, value),
  };
}

/** Varints in a packed field, which may arrive in parts. */
function packedVarints(
  each: (field: number, value: number) => void,
): (field: number, part: Uint8Array) => void {
  let value = 0;
  let factor = 1;
  return (field, part) => {
    for (const byte of part) {
      value += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte >= 0x80) continue;
      each(field, value);
      value = 0;
      factor = 1;
    }
  };
}

/** The wire reader gives a negative int64 as its two's complement, rounded: which one it was is lost. */
function signed(value: number): number {
  return value >= 2 ** 63 ? -1 : value;
}

function int64s(bytes: Buffer): readonly number[] {
  return Array.from({ length: Math.floor(bytes.length / 8) }, (_, index) =>
    Number(bytes.readBigInt64LE(index * 8)),
  );
}
