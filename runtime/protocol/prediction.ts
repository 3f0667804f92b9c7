import { FailureError } from '#contract/failure.ts';
import type { Manifest } from '#contract/model-manifest.ts';
import type { Tensor } from '#runtime/engine/tensor.ts';

/** What a row's answer means, by the bundle's task and decision. */
export interface Prediction {
  /** P(positive class), the greatest probability, or a regression's number. */
  readonly value: number;
  /** 0 or 1, or the index of the class. */
  readonly index: number;
  readonly probabilities: readonly number[];
  readonly label: string | undefined;
  readonly band: string | undefined;
  /** The metric's label: a declared band or label, else the index; `value` for a regression. */
  readonly outcome: string;
}

/** Reads row `row` of `rows` from the graph's outputs. */
export type PredictionReader = (outputs: readonly Tensor[], row: number, rows: number) => Prediction;

/** Compiles how a prediction is read; undefined where the bundle declares no decision and its task implies none. */
export function compilePrediction(
  manifest: Manifest,
  outputNames: readonly string[],
): PredictionReader | undefined {
  const { task, decision, labels } = manifest;
  if (decision === undefined && task !== 'regression') return undefined;
  const name = decision?.output ?? manifest.outputs[0]?.name ?? '';
  const output = outputNames.indexOf(name);
  if (output < 0) {
    throw new FailureError(
      'InvalidManifest',
      `model.json: decision.output is "${name}", but the graph's outputs are ${outputNames.join(', ')}`,
    );
  }
  if (task === 'binary-classification') return binary(manifest, output);
  return (outputs, row, rows) => {
    const data = outputs[output]?.data ?? [];
    const width = data.length / rows;
    const values = Array.from({ length: width }, (_, i) => Number(data[row * width + i]));
    if (task === 'regression') {
      const value = values[decision?.index ?? 0] ?? NaN;
      return {
        value,
        index: 0,
        probabilities: values,
        label: undefined,
        band: bandOf(manifest, value),
        outcome: 'value',
      };
    }
    const index = values.indexOf(Math.max(...values));
    const value = values[index] ?? NaN;
    const label = labels?.[index];
    return {
      value,
      index,
      probabilities: values,
      label,
      band: bandOf(manifest, value),
      outcome: label ?? String(index),
    };
  };
}

function binary(manifest: Manifest, output: number): PredictionReader {
  const { decision, labels } = manifest;
  const threshold = decision?.threshold ?? 0.5;
  return (outputs, row, rows) => {
    const data = outputs[output]?.data ?? [];
    const width = data.length / rows;
    // One column is P(positive) itself; of two, the second is the positive class unless the bundle says otherwise.
    const column = decision?.index ?? width - 1;
    const value = column < width ? Number(data[row * width + column]) : NaN;
    const index = value >= threshold ? 1 : 0;
    const label = labels?.[index];
    const band = bandOf(manifest, value);
    return {
      value,
      index,
      probabilities: [1 - value, value],
      label,
      band,
      outcome: band ?? label ?? String(index),
    };
  };
}

function bandOf({ decision }: Manifest, value: number): string | undefined {
  return decision?.bands?.find(({ below }) => below === undefined || value < below)?.label;
}

/** Every outcome that this model's predictions can have. */
export function outcomesOf({ task, decision, labels }: Manifest): readonly string[] {
  if (task === 'regression') return ['value'];
  const bands = task === 'binary-classification' ? decision?.bands?.map(({ label }) => label) : undefined;
  return bands ?? labels ?? (task === 'binary-classification' ? ['0', '1'] : []);
}
