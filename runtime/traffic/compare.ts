import type { Manifest, ResponseField } from '#contract/model-manifest.ts';
import type { GraphValue } from '#runtime/engine/session.ts';
import { answerFields } from '#runtime/protocol/answer.ts';
import { compareV2 } from './compare-v2.ts';
import { compareValues, DIFFERENT, greater, SAME, type Difference, type ValueRule } from './difference.ts';

/** The whole answer to a prediction request. */
export interface ComparedAnswer {
  readonly body: string | Buffer;
  /** Bytes of tensors behind the body. */
  readonly tail?: readonly Uint8Array[];
  /** Where the JSON ends, if bytes of tensors follow it. */
  readonly jsonLength: number | undefined;
}

export interface ComparedModel {
  readonly manifest: Manifest;
  readonly outputs: readonly GraphValue[];
}

/** Tells how far two answers to one request are apart, by what the models say alone. */
export type AnswerComparison = (own: ComparedAnswer, other: ComparedAnswer) => Difference;
export type Protocol = 'predict' | 'batch' | 'v2';

/** Compiles the comparison of answers by this model's fields; an answer that lacks them is another one. */
export function compileComparison(
  { manifest, outputs }: ComparedModel,
  protocol: Protocol,
): AnswerComparison {
  if (protocol === 'v2') return compareV2;
  const predicts = manifest.decision !== undefined || manifest.task === 'regression';
  const names = outputs.map(({ name }) => name);
  const rules = rulesOf(answerFields(manifest, names, predicts), outputs);
  if (protocol === 'predict') return (own, other) => compareRows(parsed(own), parsed(other), rules);
  const key = manifest.response?.batch?.predictions ?? 'predictions';
  return (own, other) => compareBatches(rowsOf(own, key), rowsOf(other, key), rules);
}

type Rules = readonly (readonly [string, ValueRule])[];

function rulesOf(fields: Readonly<Record<string, ResponseField>>, outputs: readonly GraphValue[]): Rules {
  return Object.entries(fields).flatMap(([name, field]) => {
    const rule = ruleOf(field, outputs);
    return rule === undefined ? [] : [[name, rule] as const];
  });
}

/** undefined for what is not the model's to say: times, names, versions. */
function ruleOf(field: ResponseField, outputs: readonly GraphValue[]): ValueRule | undefined {
  switch (field.from) {
    case 'probability':
    case 'probabilities':
    case 'confidence':
    case 'value':
      return 'near';
    case 'prediction':
    case 'label':
    case 'band':
      return 'exact';
    case 'output':
      return outputs.find(({ name }) => name === field.name)?.type.startsWith('float') === true
        ? 'near'
        : 'exact';
    default:
      return undefined;
  }
}

function compareRows(own: unknown, other: unknown, rules: Rules): Difference {
  if (!isObject(own) || !isObject(other)) return DIFFERENT;
  let difference = SAME;
  for (const [name, rule] of rules) {
    if (!Object.hasOwn(other, name)) return DIFFERENT;
    difference = greater(difference, compareValues(own[name], other[name], rule));
  }
  return difference;
}

function compareBatches(own: unknown, other: unknown, rules: Rules): Difference {
  if (!Array.isArray(own) || !Array.isArray(other) || own.length !== other.length) return DIFFERENT;
  let difference = SAME;
  for (const [index, row] of own.entries()) {
    difference = greater(difference, compareRows(row, other[index], rules));
  }
  return difference;
}

function rowsOf(answer: ComparedAnswer, key: string): unknown {
  const value = parsed(answer);
  return isObject(value) ? value[key] : undefined;
}

function parsed({ body }: ComparedAnswer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
