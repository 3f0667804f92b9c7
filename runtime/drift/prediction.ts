import type { Manifest } from '#contract/model-manifest.ts';
import type { Pick } from './counting.ts';

export interface PredictionColumn {
  /** The output tensor that holds the prediction. */
  readonly output: string;
  readonly pick: Pick;
}

/**
 * Which number of an answer is the prediction, as runtime/protocol/prediction.ts has it: P(positive class), a
 * regression's value, else the greatest probability. undefined where the bundle declares none.
 */
export function predictionColumn({ task, decision, outputs }: Manifest): PredictionColumn | undefined {
  if (decision === undefined && task !== 'regression') return undefined;
  const output = decision?.output ?? outputs[0]?.name ?? '';
  if (task === 'binary-classification') {
    return { output, pick: { kind: 'column', index: decision?.index ?? 'last' } };
  }
  if (task === 'regression') return { output, pick: { kind: 'column', index: decision?.index ?? 0 } };
  return { output, pick: { kind: 'greatest' } };
}
