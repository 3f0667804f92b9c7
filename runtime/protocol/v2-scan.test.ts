import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { edited } from './scan/documents.ts';
import { splitBody } from './v2-body.ts';
import { anyDocument, OUTPUTS } from './v2-documents.ts';
import { v2Oracle } from './v2-oracle.ts';
import { compileV2Scanner } from './v2-scan.ts';

/** How many documents the scanner and the parser read side by side. `make fuzz ARGS=--scanner` reads millions. */
const DOCUMENTS = 8000;

test('the scanner takes no request that the parser reads otherwise, however it is written or broken', () => {
  const counts = { same: 0, left: 0, refused: 0, different: 0 };
  const property = fc.property(anyDocument, ({ inputs, edits, json, bytes, header }) => {
    const oracle = v2Oracle(inputs);
    const compare = (text: Buffer): void => {
      const body = Buffer.concat([text, bytes]);
      const verdict = oracle(body, header ? text.length : undefined);
      counts[verdict]++;
      if (verdict === 'different') throw new Error(`${body.toString()} is read otherwise by the scanner`);
    };
    let text: Buffer = json;
    compare(text);
    for (const edit of edits.slice(0, 3)) {
      const next = edited(text, edit);
      compare(next);
      if (edit.at % 2 === 0) text = next;
    }
  });
  fc.assert(property, { numRuns: Math.ceil(DOCUMENTS / 4) });
  const accepted = counts.same + counts.left;
  expect(accepted / (accepted + counts.refused)).toBeGreaterThan(0.1);
  // Of what is right, the scanner takes most: otherwise the comparison would say nothing.
  expect(counts.same / accepted).toBeGreaterThan(0.5);
}, 60_000);

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
