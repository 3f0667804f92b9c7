import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TensorData } from '#runtime/engine/tensor.ts';
import { RequestError } from './errors.ts';
import { parseJson, parseJsonExactly } from './json.ts';
import { edited } from './scan/documents.ts';
import { splitBody } from './v2-body.ts';
import { anyDocument, OUTPUTS } from './v2-documents.ts';
import { readV2Request, type V2Input, type V2Request } from './v2-request.ts';
import { compileV2Scanner } from './v2-scan.ts';

/**
 * How many documents the scanner and the parser read side by side. A long run:
 * WINDLASS_SCAN_DOCUMENTS=5000000 npx vitest run --project unit runtime/protocol/v2-scan
 */
const DOCUMENTS = Number(process.env['WINDLASS_SCAN_DOCUMENTS'] ?? 8000);

function same(a: V2Request, b: V2Request | undefined): boolean {
  return (
    b !== undefined &&
    a.id === b.id &&
    JSON.stringify(a.outputs) === JSON.stringify(b.outputs) &&
    a.tensors.length === b.tensors.length &&
    a.tensors.every((tensor, i) => {
      const other = b.tensors[i];
      return (
        other !== undefined &&
        tensor.type === other.type &&
        tensor.dims.join() === other.dims.join() &&
        sameData(tensor.data, other.data)
      );
    })
  );
}

function sameData(a: TensorData, b: TensorData): boolean {
  return (
    a.constructor === b.constructor &&
    a.length === b.length &&
    Array.from(a as Iterable<unknown>).every((value, i) => Object.is(value, b[i]))
  );
}

/** What the parser makes of a body; undefined where it refuses it. */
function parsed(
  body: Buffer,
  jsonLength: number | undefined,
  inputs: readonly V2Input[],
): V2Request | undefined {
  const exact = inputs.some(({ type }) => type.endsWith('int64'));
  try {
    const { json, tail } = splitBody(body, jsonLength);
    return readV2Request(exact ? parseJsonExactly(json) : parseJson(json), tail, inputs, OUTPUTS);
  } catch (error) {
    if (error instanceof RequestError) return undefined;
    throw error;
  }
}

test('the scanner takes no request that the parser reads otherwise, however it is written or broken', () => {
  const counts = { documents: 0, accepted: 0, scanned: 0 };
  const compare = (body: Buffer, jsonLength: number | undefined, inputs: readonly V2Input[]): void => {
    const scanned = compileV2Scanner(inputs, OUTPUTS)(splitBody(body, jsonLength));
    const read = parsed(body, jsonLength, inputs);
    counts.documents++;
    if (read !== undefined) counts.accepted++;
    if (scanned === undefined) return;
    counts.scanned++;
    if (!same(scanned, read)) throw new Error(`${body.toString()} is read otherwise by the scanner`);
  };
  const property = fc.property(anyDocument, ({ inputs, edits, json, bytes, header }) => {
    let text: Buffer = json;
    compare(Buffer.concat([text, bytes]), header ? text.length : undefined, inputs);
    for (const edit of edits.slice(0, 3)) {
      const next = edited(text, edit);
      compare(Buffer.concat([next, bytes]), header ? next.length : undefined, inputs);
      if (edit.at % 2 === 0) text = next;
    }
  });
  fc.assert(property, { numRuns: Math.ceil(DOCUMENTS / 4) });
  expect(counts.accepted / counts.documents).toBeGreaterThan(0.1);
  // Of what is right, the scanner takes most: otherwise the comparison would say nothing.
  expect(counts.scanned / counts.accepted).toBeGreaterThan(0.5);
}, 3_600_000);

describe('the scanner takes what clients send', () => {
  const scan = compileV2Scanner(
    [
      { name: 'x', type: 'float32', shape: [null, 2] },
      { name: 'country', type: 'string', shape: [null, 1] },
      { name: 'flag', type: 'bool', shape: [null] },
    ],
    OUTPUTS,
  );
  const read = (text: string) => scan(splitBody(Buffer.from(text), undefined));
  const flag = '{"name":"flag","shape":[1],"datatype":"BOOL","data":[true]}';
  const country = '{"name":"country","shape":[1,1],"datatype":"BYTES","data":["Spain"]}';

  test.each([
    ['flat', '{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2.5]}'],
    ['nested', '{"name":"x","shape":[1,2],"datatype":"FP32","data":[[1,2.5]]}'],
    ['with data first', '{"data":[1,2.5],"datatype":"FP32","shape":[1,2],"name":"x"}'],
    [
      'with parameters',
      '{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"content_type":"np"},"data":[1,2.5]}',
    ],
    ['with whitespace', ' { "name" : "x",\n"shape":[ 1 , 2 ],"datatype":"FP32","data": [ 1 ,\t2.5 ] } '],
  ])('%s', (_, x) => {
    const request = read(`{"id":"1","inputs":[${flag},${x},${country}],"outputs":[{"name":"label"}]}`);
    expect(request).toEqual({
      id: '1',
      tensors: [
        { type: 'float32', dims: [1, 2], data: Float32Array.of(1, 2.5) },
        { type: 'string', dims: [1, 1], data: ['Spain'] },
        { type: 'bool', dims: [1], data: Uint8Array.of(1) },
      ],
      outputs: [{ index: 1, binary: false }],
    });
  });
});
