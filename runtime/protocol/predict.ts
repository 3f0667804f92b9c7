import type { Manifest } from '#contract/model-manifest.ts';
import type { Job } from '#runtime/engine/job.ts';
import type { Tensor } from '#runtime/engine/tensor.ts';
import type { AnswerBody } from './answer-body.ts';
import { compileAnswer, compileRowAnswer, type AnswerContext } from './answer.ts';
import { quote, report, RequestError, type Problem } from './errors.ts';
import type { FeatureReader } from './features.ts';
import { parseJson, parseJsonExactly } from './json.ts';
import { compilePrediction, type Prediction } from './prediction.ts';
import type { Row } from './row.ts';
import { compileBatchBody, compileRowBody } from './scan/index.ts';

/** Where a request's answer goes: called once, with either. */
export interface Sink {
  answer(body: AnswerBody, predictions: readonly Prediction[]): void;
  refuse(error: unknown): void;
}

/**
 * A protocol's way from a body to the rows that have to run. Throws RequestError for a bad request; undefined where
 * the sink has its answer already. Of the body, the first `jsonLength` bytes are JSON, all of it where that is absent.
 */
export type Reader = (
  body: Buffer,
  context: AnswerContext,
  sink: Sink,
  jsonLength?: number,
) => Job | undefined;

export interface NamedFeatures {
  readonly predict: Reader;
  readonly predictBatch: Reader;
  /** The same answers for rows that were read from another body than JSON. */
  predictRow(row: Row, context: AnswerContext, sink: Sink): Job;
  predictRows(rows: readonly Row[], context: AnswerContext, sink: Sink): Job;
}

const DEFAULT_BATCH = { request: 'instances', predictions: 'predictions', limit: 1000, fields: {} };

/** Compiles POST /predict and POST /predict_batch for a model. */
export function compileNamedFeatures(
  manifest: Manifest,
  outputNames: readonly string[],
  features: FeatureReader,
): NamedFeatures {
  const answer = compileRowAnswer(manifest, outputNames, compilePrediction(manifest, outputNames));
  const batch = manifest.response?.batch ?? DEFAULT_BATCH;
  const beside = compileAnswer(manifest, batch.fields, 'response.batch.fields');
  const predictionsKey = JSON.stringify(batch.predictions);
  const exact = manifest.inputs.some(({ type }) => type === 'int64' || type === 'uint64');
  const parse = exact ? parseJsonExactly : parseJson;
  const scanRow = compileRowBody(features.scan);
  const scanBatch = compileBatchBody(features.scan, batch.request, batch.limit);

  const job = (
    rows: readonly Row[],
    context: AnswerContext,
    sink: Sink,
    join: (rows: string) => string,
  ): Job => {
    // One long text of many parts, which is put together once, when it is sent.
    let texts = '';
    const predictions: Prediction[] = [];
    return {
      rows: rows.length,
      shapes: features.shapes(rows[0] ?? []),
      fill(inputs, at, from, count) {
        for (let i = 0; i < count; i++) features.write(rows[from + i] ?? [], inputs, at + i);
      },
      take(outputs: readonly Tensor[], at, _from, count, total) {
        for (let i = 0; i < count; i++) {
          const { json, prediction } = answer(context, outputs, at + i, total);
          texts = texts === '' ? json : `${texts},${json}`;
          if (prediction !== undefined) predictions.push(prediction);
        }
      },
      done: () => sink.answer(join(texts), predictions),
      fail: (error) => sink.refuse(error),
    };
  };

  const predictRow = (row: Row, context: AnswerContext, sink: Sink): Job =>
    job([row], context, sink, (text) => text);
  const predictRows = (rows: readonly Row[], request: AnswerContext, sink: Sink): Job => {
    const context = { ...request, rows: rows.length };
    return job(rows, context, sink, (texts) => {
      const rest = beside(context);
      const separator = rest === '{}' ? '' : ',';
      return `{${predictionsKey}:[${texts}]${separator}${rest.slice(1)}`;
    });
  };

  return {
    predictRow,
    predictRows,
    predict: (body, context, sink) =>
      predictRow(scanRow(body) ?? parsedRow(parse(body), features), context, sink),
    predictBatch(body, context, sink) {
      const rows = scanBatch(body) ?? parsedBatch(parse(body), batch, features);
      refuseMixedShapes(rows, batch.request, features);
      return predictRows(rows, context, sink);
    },
  };
}

function parsedRow(body: unknown, features: FeatureReader): Row {
  const problems: Problem[] = [];
  const row = features.read(body, [], problems);
  refuseProblems(problems);
  return row;
}

function parsedBatch(
  body: unknown,
  { request, limit }: { readonly request: string; readonly limit: number },
  features: FeatureReader,
): readonly Row[] {
  const items: unknown =
    typeof body === 'object' && body !== null && Object.hasOwn(body, request)
      ? (body as Readonly<Record<string, unknown>>)[request]
      : undefined;
  if (!Array.isArray(items)) {
    const got = Array.isArray(body)
      ? `the body is a bare array, wrap it as {"${request}": [...]}`
      : items === undefined
        ? 'it is missing'
        : `got ${quote(items)}`;
    throw invalidInput([{ path: [request], message: `must be an array of 1 to ${limit} objects; ${got}` }]);
  }
  if (items.length === 0 || items.length > limit) {
    const message =
      items.length === 0
        ? 'must have at least 1 row, has 0'
        : `must have at most ${limit} rows, has ${items.length}; split the batch`;
    throw invalidInput([{ path: [request], message }]);
  }
  const problems: Problem[] = [];
  const rows = items.map((item, index) => features.read(item, [request, index], problems));
  refuseProblems(problems);
  return rows;
}

/** The rows of a request run together. */
function refuseMixedShapes(rows: readonly Row[], request: string, features: FeatureReader): void {
  const problems: Problem[] = [];
  const key = features.shapes(rows[0] ?? []).key;
  for (const [index, row] of rows.entries()) {
    const other = features.shapes(row).key;
    if (other !== key) {
      report(
        problems,
        [request, index],
        `has inputs of shape ${other}, the first row ${key}; send such rows apart`,
      );
    }
  }
  refuseProblems(problems);
}

function refuseProblems(problems: readonly Problem[]): void {
  if (problems.length > 0) throw invalidInput(problems);
}

function invalidInput(problems: readonly Problem[]): RequestError {
  const count = problems.length === 1 ? 'one field is' : `${problems.length} fields are`;
  return new RequestError(422, 'InvalidInput', `${count} not what the model takes`, { problems });
}
