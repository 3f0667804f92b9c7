import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ModelInput } from '#contract/model-manifest.ts';
import { RequestError, type Problem } from '../errors.ts';
import { compileFeatures, type FeatureReader } from '../features.ts';
import { parseJson } from '../json.ts';
import type { Cell, Row } from '../row.ts';
import { anyBatch, anyEdits, anyInputs, anyRow, edited } from './documents.ts';
import { compileBatchBody, compileRowBody } from './index.ts';

/**
 * How many documents the scanner and the parser read side by side. A long run:
 * WINDLASS_SCAN_DOCUMENTS=5000000 npx vitest run --project unit runtime/protocol/scan
 */
const DOCUMENTS = Number(process.env['WINDLASS_SCAN_DOCUMENTS'] ?? 50_000);
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
const compile = (inputs: readonly ModelInput[], { merging = true, strict = false } = {}): FeatureReader =>
  compileFeatures(inputs, { order: inputs.map(({ name }) => name).toSorted(), merging, strict });

/** What the parser makes of a row; undefined where it refuses it. */
function parsedRow(features: FeatureReader, value: unknown): Row | undefined {
  const problems: Problem[] = [];
  const row = features.read(value, [], problems);
  return problems.length === 0 ? row : undefined;
}

function parsed(body: Buffer): unknown {
  try {
    return parseJson(body);
  } catch (error) {
    if (error instanceof RequestError) return undefined;
    throw error;
  }
}

function parsedBatch(features: FeatureReader, body: Buffer): readonly Row[] | undefined {
  const value = parsed(body);
  const given = typeof value === 'object' && value !== null && Object.hasOwn(value, FIELD);
  const items: unknown = given ? (value as Readonly<Record<string, unknown>>)[FIELD] : undefined;
  if (!Array.isArray(items) || items.length === 0 || items.length > LIMIT) return undefined;
  const rows = items.map((item: unknown) => parsedRow(features, item));
  return rows.every((row) => row !== undefined) ? rows : undefined;
}

function sameCell(a: Cell | undefined, b: Cell | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return Object.is(a, b);
  return (
    a.data.constructor === b.data.constructor &&
    a.dims.join() === b.dims.join() &&
    a.data.length === b.data.length &&
    Array.from(a.data as Iterable<unknown>).every((element, i) => Object.is(element, b.data[i]))
  );
}

function sameRows(scanned: readonly Row[], read: readonly Row[] | undefined): boolean {
  return (
    read?.length === scanned.length &&
    scanned.every(
      (row, i) => row.length === read[i]?.length && row.every((cell, j) => sameCell(cell, read[i]?.[j])),
    )
  );
}

/** Reads the same bodies with both, and keeps count. */
class Comparison {
  documents = 0;
  accepted = 0;
  scanned = 0;

  compare(body: Buffer, scanned: readonly Row[] | undefined, read: readonly Row[] | undefined): void {
    this.documents++;
    if (read !== undefined) this.accepted++;
    if (scanned === undefined) return;
    this.scanned++;
    if (!sameRows(scanned, read)) {
      throw new Error(
        `the scanner reads ${JSON.stringify(body.toString())} as ${show(scanned)}, the parser as ${show(read)}`,
      );
    }
  }
}

function show(rows: readonly Row[] | undefined): string {
  return rows?.map((row) => row.map(String).join(', ')).join('; ') ?? 'an error';
}

const model = fc.tuple(anyInputs, fc.record({ merging: fc.boolean(), strict: fc.boolean() }));

describe('the scanner takes nothing that the parser reads otherwise', () => {
  test.each([
    [
      'rows',
      anyRow,
      (features: FeatureReader) => {
        const scan = compileRowBody(features.scan);
        return {
          scan: (body: Buffer) => {
            const row = scan(body);
            return row === undefined ? undefined : [row];
          },
          parse: (body: Buffer) => {
            const row = parsedRow(features, parsed(body));
            return row === undefined ? undefined : [row];
          },
        };
      },
    ],
    [
      'batches',
      anyBatch,
      (features: FeatureReader) => ({
        scan: compileBatchBody(features.scan, FIELD, LIMIT),
        parse: (body: Buffer) => parsedBatch(features, body),
      }),
    ],
  ] as const)(
    '%s, written in any way, and with ever more broken bytes',
    (_name, written, readers) => {
      const comparison = new Comparison();
      const property = fc.property(model, written, anyEdits, ([inputs, options], text, edits) => {
        const { scan, parse } = readers(compile(inputs, options));
        let body: Buffer = Buffer.from(text(inputs));
        comparison.compare(body, scan(body), parse(body));
        for (const edit of edits) {
          // Half the edits add up; the others are tried and taken back.
          const next = edited(body, edit);
          comparison.compare(next, scan(next), parse(next));
          if (edit.at % 2 === 0) body = next;
        }
      });
      fc.assert(property, { numRuns: Math.ceil(DOCUMENTS / 2 / 25) });
      expect(comparison.documents).toBeGreaterThanOrEqual(DOCUMENTS / 2);
      // Of what is right, the scanner takes most: otherwise the comparison would say nothing.
      expect(comparison.scanned / comparison.accepted).toBeGreaterThan(0.5);
    },
    3_600_000,
  );
});

describe('the scanner takes what clients send', () => {
  const features = compile([
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
    const scanBatch = compileBatchBody(compile([input('x')]).scan, FIELD, LIMIT);
    expect(scanBatch(Buffer.from('{"a":1,"rows":[{"x":1}, {"x":2}],"b":[[]]}'))).toEqual([[1], [2]]);
    expect(scanBatch(Buffer.from('{"rows":[{"x":1},{"x":1},{"x":1},{"x":1}]}'))).toBeUndefined();
  });

  test('tensors, nested or flat', () => {
    const scanRow = compileRowBody(compile([input('x', { shape: [null, 1, 2, 2] })]).scan);
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
