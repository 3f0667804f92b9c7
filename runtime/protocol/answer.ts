import { FailureError } from '#contract/failure.ts';
import type { Manifest, ResponseField } from '#contract/model-manifest.ts';
import type { Tensor } from '#runtime/engine/tensor.ts';
import type { Prediction, PredictionReader } from './prediction.ts';
import { nestedJson, numberJson } from './tensor-json.ts';

/** What the fields of an answer are made from, beside the row itself. */
export interface AnswerContext {
  readonly revision: string;
  readonly requestId: string;
  /** Of the request, however many run together with them. */
  readonly rows: number;
  /** When the request arrived, by performance.now(). */
  readonly arrivedMs: number;
  readonly modelLoaded: boolean;
  readonly uptimeSeconds: number;
  readonly loadedAt: Date;
}

export interface RowAnswer {
  /** The row's JSON object. */
  readonly json: string;
  readonly prediction: Prediction | undefined;
}

interface RowSource {
  readonly outputs: readonly Tensor[];
  readonly row: number;
  readonly rows: number;
  readonly prediction: Prediction | undefined;
}

type Fields = Readonly<Record<string, ResponseField>>;
type FieldWriter = (context: AnswerContext, source: RowSource) => string;

/** Compiles /predict's answer: a row of outputs -> a JSON object with the bundle's fields. */
export function compileRowAnswer(
  manifest: Manifest,
  outputNames: readonly string[],
  read: PredictionReader | undefined,
): (context: AnswerContext, outputs: readonly Tensor[], row: number, rows: number) => RowAnswer {
  const fields = answerFields(manifest, outputNames, read !== undefined);
  const write = compileObject(fields, 'response.predict', (field, where) =>
    rowField(field, where, { manifest, outputNames, predicts: read !== undefined }),
  );
  return (context, outputs, row, rows) => {
    const prediction = read?.(outputs, row, rows);
    // Of NaN no label and no band can be told: it is refused as where it would be written itself.
    if (prediction !== undefined && Number.isNaN(prediction.value)) numberJson(prediction.value);
    return { json: write(context, { outputs, row, rows, prediction }), prediction };
  };
}

/** Compiles an answer that is about no row: /health, /model/info, and the fields beside a batch's predictions. */
export function compileAnswer(
  manifest: Manifest,
  fields: Fields,
  where: string,
): (context: AnswerContext) => string {
  const write = compileObject(fields, where, (field, path) => plainField(field, path, manifest));
  return (context) => write(context, { outputs: [], row: 0, rows: 0, prediction: undefined });
}

function compileObject(
  fields: Fields,
  where: string,
  compile: (field: ResponseField, where: string) => FieldWriter,
): FieldWriter {
  const writers = Object.entries(fields).map(([name, field], index) => ({
    lead: `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`,
    write: compile(field, `${where}.${name}`),
  }));
  return (context, source) => {
    let text = '';
    for (const { lead, write } of writers) text += lead + write(context, source);
    return text === '' ? '{}' : `${text}}`;
  };
}

interface RowContext {
  readonly manifest: Manifest;
  readonly outputNames: readonly string[];
  readonly predicts: boolean;
}

function rowField(field: ResponseField, where: string, row: RowContext): FieldWriter {
  if (field.from === 'output') return outputField(field.name, where, row.outputNames);
  const write = predictionField(field, where, row.manifest);
  if (write === undefined) return plainField(field, where, row.manifest);
  if (!row.predicts) {
    throw invalid(
      where,
      `is read from the ${field.from}, but model.json has no "decision" that says which output it is`,
    );
  }
  return (_, { prediction }) => (prediction === undefined ? 'null' : write(prediction));
}

/** Writers of the fields that come from a row's prediction; undefined for other fields. */
function predictionField(
  field: ResponseField,
  where: string,
  { task, decision, labels }: Manifest,
): ((prediction: Prediction) => string) | undefined {
  const number = rounded('decimals' in field ? field.decimals : undefined);
  switch (field.from) {
    case 'probability':
    case 'value':
      return ({ value }) => number(value);
    case 'prediction':
      return ({ index }) => String(index);
    case 'confidence':
      return task === 'binary-classification'
        ? ({ value }) => number(Math.abs(value - 0.5) * 2)
        : ({ value }) => number(value);
    case 'label':
      if (labels === undefined) throw invalid(where, 'is a label, but model.json has no "labels"');
      return named(labels, ({ label }) => label);
    case 'probabilities': {
      if (labels === undefined) throw invalid(where, 'is by label, but model.json has no "labels"');
      const keys = labels.map((label) => JSON.stringify(label));
      return ({ probabilities }) =>
        `{${keys.map((key, i) => `${key}:${number(probabilities[i] ?? NaN)}`).join(',')}}`;
    }
    case 'band':
      if (decision?.bands === undefined)
        throw invalid(where, 'is a band, but model.json has no "decision.bands"');
      return named(
        decision.bands.map(({ label }) => label),
        ({ band }) => band,
      );
    default:
      return undefined;
  }
}

/** Writes one of a few names, each of which is quoted once: of a batch's rows, quoting was a fifth of the time. */
function named(
  names: readonly string[],
  of: (prediction: Prediction) => string | undefined,
): (prediction: Prediction) => string {
  const quoted = new Map(names.map((name) => [name, JSON.stringify(name)]));
  return (prediction) => {
    const name = of(prediction);
    return (name === undefined ? undefined : quoted.get(name)) ?? 'null';
  };
}

function plainField(field: ResponseField, where: string, manifest: Manifest): FieldWriter {
  const number = rounded('decimals' in field ? field.decimals : undefined);
  const fixed = fixedValue(field, manifest);
  if (fixed !== undefined) {
    const text = JSON.stringify(fixed);
    return () => text;
  }
  switch (field.from) {
    case 'revision':
      return ({ revision }) => JSON.stringify(revision);
    case 'requestId':
      return ({ requestId }) => JSON.stringify(requestId);
    case 'rows':
      return ({ rows }) => String(rows);
    case 'timestamp':
      return timestampWriter();
    case 'loadedAt':
      return ({ loadedAt }) => JSON.stringify(loadedAt);
    case 'durationMs':
      return ({ arrivedMs }) => number(performance.now() - arrivedMs);
    case 'durationSeconds':
      return ({ arrivedMs }) => number((performance.now() - arrivedMs) / 1000);
    case 'modelLoaded':
      return ({ modelLoaded }) => String(modelLoaded);
    case 'uptimeSeconds':
      return ({ uptimeSeconds }) => number(uptimeSeconds);
    default:
      throw invalid(where, `is read from a row's ${field.from}, and there is no row here`);
  }
}

/** What a field says in every answer of this model; undefined for fields that depend on more. */
function fixedValue(field: ResponseField, { name, version, inputs }: Manifest): unknown {
  switch (field.from) {
    case 'name':
      return name;
    case 'version':
      return version;
    case 'constant':
      return field.value;
    case 'featureNames':
      return inputs.map((input) => input.name);
    case 'featureCount':
      return inputs.length;
    default:
      return undefined;
  }
}

/** Rows of one batch are mostly written within the same millisecond. */
function timestampWriter(): () => string {
  let at = -1;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      text = `"${new Date(now).toISOString()}"`;
    }
    return text;
  };
}

function outputField(name: string, where: string, outputNames: readonly string[]): FieldWriter {
  const index = outputNames.indexOf(name);
  if (index < 0)
    throw invalid(where, `names output "${name}"; the graph's outputs are ${outputNames.join(', ')}`);
  return (_, { outputs, row, rows }) => {
    const output = outputs[index];
    if (output === undefined) return 'null';
    // Merged rows are the first dimension; a run of a single row may have none.
    const dims = output.dims[0] === rows ? output.dims.slice(1) : output.dims;
    const inner = dims.length === 1 && dims[0] === 1 ? [] : dims;
    return nestedJson(output, (output.data.length / rows) * row, inner);
  };
}

/** The fields of /predict's answer; `predicts`: the bundle says how a prediction is read. */
export function answerFields(manifest: Manifest, outputNames: readonly string[], predicts: boolean): Fields {
  return manifest.response?.predict ?? defaultFields(manifest, outputNames, predicts);
}

/** What /predict answers where the bundle does not say. */
function defaultFields(manifest: Manifest, outputNames: readonly string[], predicts: boolean): Fields {
  const { task, labels, decision } = manifest;
  if (!predicts) {
    return Object.fromEntries(outputNames.map((name) => [name, { from: 'output', name }]));
  }
  if (task === 'regression') return { prediction: { from: 'value' } };
  return {
    prediction: { from: labels === undefined ? 'prediction' : 'label' },
    ...(task === 'binary-classification' ? { probability: { from: 'probability' } } : {}),
    confidence: { from: 'confidence' },
    ...(labels === undefined ? {} : { probabilities: { from: 'probabilities' } }),
    ...(decision?.bands === undefined ? {} : { band: { from: 'band' } }),
  };
}

function rounded(decimals: number | undefined): (value: number) => string {
  if (decimals === undefined) return numberJson;
  const scale = 10 ** decimals;
  return (value) => {
    const scaled = value * scale;
    // A value that large has no decimals.
    return numberJson(Number.isFinite(scaled) ? Math.round(scaled) / scale : value);
  };
}

function invalid(where: string, message: string): FailureError {
  return new FailureError('InvalidManifest', `model.json: ${where} ${message}`);
}
