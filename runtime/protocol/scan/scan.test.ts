import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ModelInput } from '#contract/model-manifest.ts';
import type { Row } from '../row.ts';
import { anyBatch, anyEdits, anyInputs, anyRow, edited } from './documents.ts';
import { compileBatchBody, compileRowBody } from './index.ts';
import { batchOracle, compileModel, parsed, parsedRow, rowOracle, type ModelOptions } from './oracle.ts';

/** How many documents the scanner and the parser read side by side. `make fuzz ARGS=--scanner` reads millions. */
const DOCUMENTS = 50_000;
const LIMIT = 3;
const FIELD = 'rows';

const input = (name: string, more: Partial<ModelInput> = {}): ModelInput => ({
  name,
  type: 'float32',
  shape: [null, 1],
  required: true,
  integer: false,
  ...more,
});

const model = fc.tuple(anyInputs, fc.record({ merging: fc.boolean(), strict: fc.boolean() }));

describe('the scanner takes nothing that the parser reads otherwise', () => {
  test.each([
    ['rows', anyRow, rowOracle],
    [
      'batches',
      anyBatch,
      (inputs: readonly ModelInput[], options: ModelOptions) =>
        batchOracle(inputs, { ...options, field: FIELD, limit: LIMIT }),
    ],
  ] as const)(
    '%s, written in any way, and with ever more broken bytes',
    (_name, written, oracleFor) => {
      const counts = { same: 0, left: 0, refused: 0, different: 0 };
      const property = fc.property(model, written, anyEdits, ([inputs, options], text, edits) => {
        const oracle = oracleFor(inputs, options);
        const compare = (body: Buffer): void => {
          const verdict = oracle(body);
          counts[verdict]++;
          if (verdict === 'different') throw new Error(`read otherwise: ${JSON.stringify(body.toString())}`);
        };
        let body: Buffer = Buffer.from(text(inputs));
        compare(body);
        for (const edit of edits) {
          // Half the edits add up; the others are tried and taken back.
          const next = edited(body, edit);
          compare(next);
          if (edit.at % 2 === 0) body = next;
        }
      });
      fc.assert(property, { numRuns: Math.ceil(DOCUMENTS / 2 / 25) });
      expect(counts.same + counts.left + counts.refused).toBeGreaterThanOrEqual(DOCUMENTS / 2);
      // Of what is right, the scanner takes most: otherwise the comparison would say nothing.
      expect(counts.same / (counts.same + counts.left)).toBeGreaterThan(0.5);
    },
    60_000,
  );
});

describe('the scanner takes what clients send', () => {
  const features = compileModel([
    input('Age', { range: { min: 18, max: 100 }, integer: true }),
    input('Country', { type: 'string', values: ['France', 'Größe'] }),
    input('Tenure', { required: false }),
    input('Active', { integer: true, range: { min: 0, max: 1 } }),
    input('Note', { type: 'string', required: false }),
  ]);
  const scan = compileRowBody(features.scan);
  // In the order of names: Active, Age, Country, Note, Tenure.
  test.each<[string, string, Row]>([
    [
      'plain',
      '{"Age":40,"Country":"France","Tenure":2.5,"Active":1,"Note":"x"}',
      [1, 40, 'France', 'x', 2.5],
    ],
    [
      'in another order',
      '{"Note":"","Active":0,"Tenure":-0,"Country":"France","Age":4e1}',
      [0, 40, 'France', '', -0],
    ],
    [
      'with whitespace',
      ' {\n "Age" : 40 ,\t"Country":"France","Active":true\r\n} ',
      [1, 40, 'France', '', NaN],
    ],
    [
      'with nulls',
      '{"Age":40,"Country":"France","Tenure":null,"Active":false,"Note":null}',
      [0, 40, 'France', '', NaN],
    ],
    [
      'in UTF-8',
      '{"Age":40,"Country":"Größe","Active":1,"Note":"名前 😀"}',
      [1, 40, 'Größe', '名前 😀', NaN],
    ],
    [
      'with escapes',
      '{"\\u0041ge":40,"Country":"Gr\\u00f6\\u00dfe","Active":1,"Note":"a\\n\\"b\\""}',
      [1, 40, 'Größe', 'a\n"b"', NaN],
    ],
    ['with a key twice', '{"Age":30,"Age":40,"Country":"France","Active":1}', [1, 40, 'France', '', NaN]],
    [
      'with other fields',
      '{"id":[1,{"a":[true,null]}],"Age":40,"Country":"France","Tenure":1e-3,"Active":1,"Note":"","x":{}}',
      [1, 40, 'France', '', 0.001],
    ],
  ])('%s', (_name, text, row) => {
    expect(scan(Buffer.from(text))).toEqual(row);
    expect(parsedRow(features, parsed(Buffer.from(text)))).toEqual(row);
  });

  test('a batch', () => {
    const scanBatch = compileBatchBody(compileModel([input('x')]).scan, FIELD, LIMIT);
    expect(scanBatch(Buffer.from('{"a":1,"rows":[{"x":1}, {"x":2}],"b":[[]]}'))).toEqual([[1], [2]]);
    expect(scanBatch(Buffer.from('{"rows":[{"x":1},{"x":1},{"x":1},{"x":1}]}'))).toBeUndefined();
  });

  test('tensors, nested or flat', () => {
    const scanRow = compileRowBody(compileModel([input('x', { shape: [null, 1, 2, 2] })]).scan);
    const data = Float32Array.of(1, -0, 0.1, 4);
    for (const text of ['[[[1,-0],[0.1,4]]]', '[[1,-0],[0.1,4]]', '[1,-0,0.1,4]']) {
      expect(scanRow(Buffer.from(`{"x":${text}}`))).toEqual([{ dims: [1, 2, 2], data }]);
    }
    for (const text of [
      '[[1,-0],[0.1]]',
      '[1,2,3]',
      '[1,null,3,4]',
      '[[1,-0,0.1,4]]',
      '[[],[]]',
      '[1,2,3,1e39]',
    ]) {
      expect(scanRow(Buffer.from(`{"x":${text}}`))).toBeUndefined();
    }
  });
});
