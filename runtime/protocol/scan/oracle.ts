import type { ModelInput } from '#contract/model-manifest.ts';
import { RequestError, type Problem } from '../errors.ts';
import { compileFeatures, type FeatureReader } from '../features.ts';
import { parseJson, parseJsonExactly } from '../json.ts';
import type { Cell, Row } from '../row.ts';
import { compileBatchBody, compileRowBody } from './index.ts';

// The scanners beside the parser, which is their oracle: for tests and for the fuzzer.

/** What both made of a document. `left`: the parser takes it, and the scanner leaves it to the parser. */
export type Verdict = 'same' | 'left' | 'refused' | 'different';

/** Reads a body both ways. */
export type Oracle = (body: Buffer) => Verdict;

export interface ModelOptions {
  readonly merging: boolean;
  readonly strict: boolean;
}

export const compileModel = (
  inputs: readonly ModelInput[],
  { merging = true, strict = false }: Partial<ModelOptions> = {},
): FeatureReader =>
  compileFeatures(inputs, { order: inputs.map(({ name }) => name).toSorted(), merging, strict });

/** Bodies of POST /predict. */
export function rowOracle(inputs: readonly ModelInput[], options?: Partial<ModelOptions>): Oracle {
  const features = compileModel(inputs, options);
  const scan = compileRowBody(features.scan);
  const parse = parserFor(inputs);
  return (body) => {
    const row = scan(body);
    const value = parse(body);
    return verdict(row === undefined ? undefined : [row], asRows(parsedRow(features, value)));
  };
}

/** Bodies of POST /predict_batch whose rows, at most `limit`, are in `field`. */
export function batchOracle(
  inputs: readonly ModelInput[],
  { field, limit, ...options }: { readonly field: string; readonly limit: number } & Partial<ModelOptions>,
): Oracle {
  const features = compileModel(inputs, options);
  const scan = compileBatchBody(features.scan, field, limit);
  const parse = parserFor(inputs);
  return (body) => {
    const rows = scan(body);
    const value = parse(body);
    const given = typeof value === 'object' && value !== null && Object.hasOwn(value, field);
    const items: unknown = given ? (value as Readonly<Record<string, unknown>>)[field] : undefined;
    return verdict(rows, parsedRows(features, items, limit));
  };
}

/** What the parser makes of a row; undefined where it refuses it. */
export function parsedRow(features: FeatureReader, value: unknown): Row | undefined {
  const problems: Problem[] = [];
  const row = features.read(value, [], problems);
  return problems.length === 0 ? row : undefined;
}

/** What is in the body as JSON; undefined where it is none. */
export function parsed(body: Buffer, parse: (body: Buffer) => unknown = parseJson): unknown {
  try {
    return parse(body);
  } catch (error) {
    if (error instanceof RequestError) return undefined;
    throw error;
  }
}

function parserFor(inputs: readonly ModelInput[]): (body: Buffer) => unknown {
  const exact = inputs.some(({ type }) => type === 'int64' || type === 'uint64');
  return (body) => parsed(body, exact ? parseJsonExactly : parseJson);
}

function asRows(row: Row | undefined): readonly Row[] | undefined {
  return row === undefined ? undefined : [row];
}

function parsedRows(features: FeatureReader, items: unknown, limit: number): readonly Row[] | undefined {
  if (!Array.isArray(items) || items.length === 0 || items.length > limit) return undefined;
  const rows = items.map((item: unknown) => parsedRow(features, item));
  return rows.every((row) => row !== undefined) ? rows : undefined;
}

function verdict(scanned: readonly Row[] | undefined, read: readonly Row[] | undefined): Verdict {
  if (scanned === undefined) return read === undefined ? 'refused' : 'left';
  return read !== undefined && sameRows(scanned, read) ? 'same' : 'different';
}

function sameRows(scanned: readonly Row[], read: readonly Row[]): boolean {
  return (
    read.length === scanned.length &&
    scanned.every(
      (row, i) => row.length === read[i]?.length && row.every((cell, j) => sameCell(cell, read[i]?.[j])),
    )
  );
}

function sameCell(a: Cell | undefined, b: Cell | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return Object.is(a, b);
  return a.dims.join() === b.dims.join() && sameElements(a.data, b.data);
}

/** Arrays of one kind with the same elements; -0 is not 0. */
export function sameElements(a: Extract<Cell, object>['data'], b: Extract<Cell, object>['data']): boolean {
  if (a.constructor !== b.constructor || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}
