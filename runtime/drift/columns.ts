import type { ImageProperty } from '#contract/image-properties.ts';
import type { Manifest, ModelInput, Reference } from '#contract/model-manifest.ts';
import type { GraphValue } from '#runtime/engine/session.ts';
import { layoutOf, type BinLayout, type ReferenceBins } from './bins.ts';
import { compileCounting, type CountedTensor, type CountValues } from './counting.ts';
import { pictureColumns } from './picture-columns.ts';
import { predictionColumn } from './prediction.ts';

/** Something whose values are compared: a feature, a property of pictures, or the prediction. */
export type Column = TensorColumn | PictureColumn;

interface AnyColumn {
  /** Unique among the columns; a metric's label. */
  readonly name: string;
  readonly description: string | undefined;
  readonly layout: BinLayout;
  /** The first of its counters, among all columns'. */
  readonly at: number;
}

export interface TensorColumn extends AnyColumn {
  readonly role: 'input' | 'prediction';
  /** Which of the inputs or outputs has the values. */
  readonly tensor: number;
  readonly count: CountValues;
}

/** Its values are measured when a picture is decoded. */
export interface PictureColumn extends AnyColumn {
  readonly role: 'picture';
  readonly property: ImageProperty;
  readonly edges: Float64Array;
}

export interface NotCompared {
  readonly name: string;
  readonly reason: string;
}

export interface Columns {
  readonly compared: readonly Column[];
  readonly notCompared: readonly NotCompared[];
  /** Counters of all columns together. */
  readonly counters: number;
}

export interface GraphValues {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
}

/** What of a model can be compared with its reference, and why the rest cannot. */
export function compileColumns(manifest: Manifest, reference: Reference, graph: GraphValues): Columns {
  const compared: Column[] = [];
  const notCompared: NotCompared[] = [];
  let counters = 0;
  const add = (name: string, found: Found | string): void => {
    if (typeof found === 'string') return void notCompared.push({ name, reason: found });
    const { role, description, tensor, layout } = found;
    const count = compileCounting(layout, found);
    compared.push({ name, role, description, tensor, layout, at: counters, count });
    counters += layout.reference.length;
  };
  for (const input of manifest.inputs) {
    if (input.image === undefined || reference.image === undefined)
      add(input.name, findInput(input, reference, graph));
  }
  const pictures = pictureColumns(manifest, reference, counters);
  compared.push(...pictures.compared);
  notCompared.push(...pictures.notCompared);
  counters += pictures.counters;
  add(predictionName(manifest), findPrediction(manifest, reference, graph));
  for (const name of Object.keys(reference.features)) {
    if (manifest.inputs.some((input) => input.name === name)) continue;
    notCompared.push({
      name,
      reason: 'reference.json has bins for it, but it is no input of the model, so its values are never seen',
    });
  }
  return { compared, notCompared, counters };
}

interface Found extends CountedTensor {
  readonly role: TensorColumn['role'];
  readonly description: string | undefined;
  readonly tensor: number;
  readonly layout: BinLayout;
}

function findInput(input: ModelInput, { features }: Reference, { inputs }: GraphValues): Found | string {
  const { name, type, shape, description } = input;
  const bins = Object.hasOwn(features, name) ? features[name] : undefined;
  const batched = isBatched(shape);
  const row = batched ? shape.slice(1) : shape;
  const perRow = row.reduce<number | null>((product, dim) => product && dim && product * dim, 1);
  if (perRow !== 1) {
    const values = perRow === null ? 'any number of values' : `${perRow} values`;
    return `a row has ${values} of it (shape [${shape.map((dim) => dim ?? 'any').join(', ')}]); only features of one value a row are compared`;
  }
  if (bins === undefined) return 'reference.json has no bins for it';
  const misfit = typeMisfit(bins, type);
  if (misfit !== undefined) return misfit;
  const layout = layoutOf(bins, input);
  if ('reason' in layout) return layout.reason;
  const tensor = inputs.findIndex((value) => value.name === name);
  return { role: 'input', description, tensor, layout, type, batched, pick: { kind: 'column', index: 0 } };
}

function findPrediction(
  manifest: Manifest,
  { prediction }: Reference,
  { outputs }: GraphValues,
): Found | string {
  const column = predictionColumn(manifest);
  if (column === undefined) return 'model.json has no "decision" that says which output is the prediction';
  if (prediction === undefined) return 'reference.json has no bins for it ("prediction")';
  const tensor = outputs.findIndex(({ name }) => name === column.output);
  const output = outputs[tensor];
  if (output === undefined) return `the graph has no output "${column.output}"`;
  const { type, shape } = output;
  const misfit = typeMisfit(prediction, type);
  if (misfit !== undefined) return misfit;
  const layout = layoutOf(prediction, { type, integer: false });
  if ('reason' in layout) return layout.reason;
  const description = 'What the model answers.';
  return {
    role: 'prediction',
    description,
    tensor,
    layout,
    type,
    batched: isBatched(shape),
    pick: column.pick,
  };
}

/** Whether the first dimension counts rows, be they merged or not. An output may leave its shape open altogether. */
function isBatched([first]: GraphValue['shape']): boolean {
  return first === undefined || first === null || first === 1;
}

function typeMisfit({ kind }: ReferenceBins, type: GraphValue['type']): string | undefined {
  if (kind === 'categorical' || type !== 'string') return undefined;
  return 'its reference has numeric bins, but the model takes text; give it categories in reference.json';
}

/** A feature may have that name too. */
function predictionName({ inputs }: Manifest): string {
  const names = new Set(inputs.map(({ name }) => name));
  let name = 'prediction';
  while (names.has(name)) name = `${name}_output`;
  return name;
}
