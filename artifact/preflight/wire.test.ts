import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytes, int, message, varint } from './test-bytes.ts';
import { type MessageVisitor, WIRE_LIMITS, WireError, WireReader } from './wire.ts';

/** Writes down everything that it is told; fields 1 are messages, 2 texts, 3 scanned. */
function recorder(log: unknown[]): MessageVisitor {
  return {
    name: 'node',
    varint: (field, value) => log.push([field, value]),
    fixed: (field, width) => log.push([field, `fixed${width}`]),
    length: (field) =>
      field === 1 ? recorder(log) : field === 2 ? 'collect' : field === 3 ? 'scan' : 'skip',
    bytes: (field, content) => log.push([field, content.toString()]),
    scan: (field, part) => log.push(...[...part].map((byte) => [field, `byte ${byte}`])),
    end: (size) => log.push(['end', size]),
  };
}

function read(parts: readonly Uint8Array[], size?: number): readonly unknown[] {
  const log: unknown[] = [];
  const reader = new WireReader(recorder(log), size);
  for (const part of parts) reader.push(part);
  reader.finish();
  return log;
}

const sample = Buffer.concat([
  int(4, 300),
  message(1, bytes(2, 'hello'), message(1), int(9, -1)),
  bytes(3, Buffer.from([1, 2])),
  bytes(7, 'passed over'),
  Buffer.concat([varint(5 * 8 + 5), Buffer.alloc(4)]),
  Buffer.concat([varint(6 * 8 + 1), Buffer.alloc(8)]),
]);

test('gives each field in its order, and where a message ends', () => {
  expect(read([sample])).toEqual([
    [4, 300],
    [2, 'hello'],
    ['end', 0],
    [9, 2 ** 64],
    ['end', 20],
    [3, 'byte 1'],
    [3, 'byte 2'],
    [5, 'fixed4'],
    [6, 'fixed8'],
    ['end', sample.length],
  ]);
});

test('reads the same however the bytes are cut into pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: sample.length }), { maxLength: 10 }), (cuts) => {
      const points = [0, ...cuts.toSorted((a, b) => a - b), sample.length];
      const parts = points.slice(1).map((point, index) => sample.subarray(points[index], point));
      expect(read(parts)).toEqual(read([sample]));
    }),
  );
});

test.each([
  [
    'a length past the end of the message',
    [message(1, bytes(2, 'x', 50))],
    /claims 50 bytes, and 1 are left/,
  ],
  ['a file that ends in a text', [bytes(2, 'x', 5)], /ends in the middle/],
  ['a file that ends in a number', [Buffer.from([0x80])], /ends in the middle/],
  ['a number without end', [Buffer.alloc(11, 0xff)], /more than ten bytes/],
  ['field number 0', [Buffer.from([0, 0])], /no valid field/],
  ['groups', [Buffer.from([0x0b])], /wire type 3/],
  ['a text of 5 GB', [bytes(2, '', 5e9)], /5000000000 bytes; the limit/],
])('refuses %s', (_, parts, expected) => {
  expect(() => read(parts)).toThrow(expected);
  expect(() => read(parts)).toThrow(WireError);
});

test('refuses messages nested 10,000 deep without growing', () => {
  let nested: Buffer = Buffer.alloc(0);
  for (let depth = 0; depth < 10_000; depth += 1) nested = message(1, nested);
  expect(() => read([nested])).toThrow(`nested more than ${WIRE_LIMITS.depth} deep`);
});

test('refuses a file of more fields than the limit', () => {
  const reader = new WireReader({ name: 'm' }, undefined, { ...WIRE_LIMITS, fields: 10 });
  expect(() => reader.push(Buffer.concat(Array.from({ length: 11 }, () => int(1, 1))))).toThrow(
    'more than 10 fields',
  );
});

test('any bytes either are a message or a WireError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (content) => {
      try {
        read([content]);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
    { numRuns: 2000 },
  );
});
