import * as fc from 'fast-check';
import type { ModelInput } from '#contract/model-manifest.ts';
import { anyBatch, anyInputs, anyRow } from '#runtime/protocol/scan/documents.ts';
import { batchOracle, rowOracle, type ModelOptions, type Verdict } from '#runtime/protocol/scan/oracle.ts';
import { anyDocument } from '#runtime/protocol/v2-documents.ts';
import { v2Oracle } from '#runtime/protocol/v2-oracle.ts';
import type { V2Input } from '#runtime/protocol/v2-request.ts';

const FIELD = 'rows';
const LIMIT = 3;

/** What a document is read with, as it can be kept in a file. */
export type ReadWith =
  | { readonly form: 'row'; readonly inputs: readonly ModelInput[]; readonly options: ModelOptions }
  | { readonly form: 'batch'; readonly inputs: readonly ModelInput[]; readonly options: ModelOptions }
  | {
      readonly form: 'v2';
      readonly inputs: readonly KeptInput[];
      /** Bytes behind the JSON, and whether a header says where they begin. */
      readonly tail: string;
      readonly header: boolean;
    };

/** An input without its functions: `missing` as text, `atMost` for a limit of 100. */
interface KeptInput {
  readonly name: string;
  readonly type: V2Input['type'];
  readonly shape: V2Input['shape'];
  readonly rule?: { readonly feature: boolean; readonly missing?: 'NaN' | ''; readonly limited: boolean };
}

export interface Start {
  readonly model: ReadWith;
  readonly document: Buffer;
}

/** A model and a document that it most likely takes, of each form in turn. */
export const STARTS: readonly fc.Arbitrary<Start>[] = [
  named('row', anyRow),
  named('batch', anyBatch),
  anyDocument.map(({ inputs, json, bytes, header }) => ({
    model: { form: 'v2', inputs: inputs.map(kept), tail: bytes.toString('latin1'), header },
    document: json,
  })),
];

function named(
  form: 'row' | 'batch',
  documents: fc.Arbitrary<(inputs: readonly ModelInput[]) => string>,
): fc.Arbitrary<Start> {
  const options = fc.record({ merging: fc.boolean(), strict: fc.boolean() });
  return fc.tuple(anyInputs, options, documents).map(([inputs, given, text]) => ({
    model: { form, inputs, options: given },
    document: Buffer.from(text(inputs)),
  }));
}

/** Reads documents for this model by the scanner and by the parser. */
export function oracleOf(model: ReadWith): (document: Buffer) => Verdict {
  if (model.form === 'row') return rowOracle(model.inputs, model.options);
  if (model.form === 'batch')
    return batchOracle(model.inputs, { ...model.options, field: FIELD, limit: LIMIT });
  const oracle = v2Oracle(model.inputs.map(restored));
  const tail = Buffer.from(model.tail, 'latin1');
  return (document) =>
    oracle(
      tail.length === 0 ? document : Buffer.concat([document, tail]),
      model.header ? document.length : undefined,
    );
}

function kept({ name, type, shape, rule }: V2Input): KeptInput {
  if (rule === undefined) return { name, type, shape };
  const missing =
    rule.missing === undefined ? {} : { missing: rule.missing === '' ? ('' as const) : ('NaN' as const) };
  return {
    name,
    type,
    shape,
    rule: { feature: rule.feature === true, ...missing, limited: rule.limits !== undefined },
  };
}

function restored({ rule, ...input }: KeptInput): V2Input {
  if (rule === undefined) return input;
  const { feature, missing, limited } = rule;
  return {
    ...input,
    rule: {
      ...(feature ? { feature } : {}),
      ...(missing === undefined ? {} : { missing: missing === '' ? '' : NaN }),
      ...(limited ? { limits: (value) => (Number(value) > 100 ? 'is too much' : undefined) } : {}),
    },
  };
}
