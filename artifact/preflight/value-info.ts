import { checkLimit, MODEL_LIMITS, type ValueInfo, type ValueType } from './facts.ts';
import type { LengthAction, MessageVisitor } from './wire.ts';

/** Reads a ValueInfoProto: the name and type of a graph's input or output. */
export function valueInfoVisitor(name: 'input' | 'output', done: (value: ValueInfo) => void): MessageVisitor {
  let valueName = '';
  let type: ValueType = { kind: 'none' };
  return {
    name,
    length: (field, length): LengthAction => {
      if (field === 2) {
        return typeVisitor((found) => {
          type = found;
        });
      }
      if (field !== 1) return 'skip';
      checkLimit(length, MODEL_LIMITS.nameBytes, `bytes in the name of an ${name}`);
      return 'collect';
    },
    bytes: (_, bytes) => {
      valueName = bytes.toString();
    },
    end: () => done({ name: valueName, type }),
  };
}

const KINDS: Readonly<Record<number, 'sequence' | 'map' | 'optional' | 'sparse tensor' | 'opaque'>> = {
  4: 'sequence',
  5: 'map',
  7: 'opaque',
  8: 'sparse tensor',
  9: 'optional',
};

function typeVisitor(done: (type: ValueType) => void): MessageVisitor {
  return {
    name: 'type',
    length: (field): LengthAction => {
      if (field === 1) return tensorTypeVisitor(done);
      const kind = KINDS[field];
      if (kind !== undefined) done({ kind });
      return 'skip';
    },
  };
}

function tensorTypeVisitor(done: (type: ValueType) => void): MessageVisitor {
  let element = 0;
  let shape: (number | null)[] | null = null;
  return {
    name: 'tensor_type',
    varint: (field, value) => {
      if (field === 1) element = value;
    },
    length: (field): LengthAction => {
      if (field !== 2) return 'skip';
      const dims: (number | null)[] = [];
      shape = dims;
      return shapeVisitor(dims);
    },
    end: () => done({ kind: 'tensor', element, shape }),
  };
}

function shapeVisitor(dims: (number | null)[]): MessageVisitor {
  return {
    name: 'shape',
    length: (field): LengthAction => {
      if (field !== 1) return 'skip';
      checkLimit(dims.length + 1, MODEL_LIMITS.dimensions, 'dimensions in an input or output');
      const index = dims.push(null) - 1;
      return {
        name: 'dim',
        varint: (part, value) => {
          // Exporters write -1 for a size that they do not know.
          if (part === 1) dims[index] = value < 2 ** 63 ? value : null;
        },
      };
    },
  };
}
