import type { Manifest } from '#contract/model-manifest.ts';
import { answerFields } from '#runtime/protocol/answer.ts';

/** How a person reads an answer of POST /predict: what its fields are, and what decided them. */
export interface AnswerMeaning {
  readonly task: Manifest['task'];
  /** A field of the answer -> what it is read from (contract/model-manifest.ts). */
  readonly fields: Readonly<
    Record<string, { readonly from: string; readonly decimals?: number | undefined }>
  >;
  readonly labels: readonly string[];
  /** From this probability on, a binary answer is the positive class. */
  readonly threshold: number | undefined;
  readonly bands: readonly { readonly label: string; readonly below?: number | undefined }[];
}

export function answerMeaning(manifest: Manifest): AnswerMeaning {
  const { task, decision, labels = [], outputs } = manifest;
  const predicts = decision !== undefined || task === 'regression';
  const fields = answerFields(
    manifest,
    outputs.map(({ name }) => name),
    predicts,
  );
  return {
    task,
    fields,
    labels,
    threshold: task === 'binary-classification' && predicts ? (decision?.threshold ?? 0.5) : undefined,
    bands: decision?.bands ?? [],
  };
}

/** "below 0.3", "0.3 to 0.7", "0.7 and more": where a band lies. */
export function bandRange(bands: AnswerMeaning['bands'], index: number): string {
  const from = bands[index - 1]?.below;
  const below = bands[index]?.below;
  if (from === undefined) return below === undefined ? 'any value' : `below ${below}`;
  return below === undefined ? `${from} and more` : `${from} to below ${below}`;
}
