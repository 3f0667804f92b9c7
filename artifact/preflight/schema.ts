import type { Failure } from '#contract/failure.ts';
import { quote } from './facts.ts';

/** The part of a model's fields that its clients see: model.json's inputs and outputs, or those of a bare graph. */
export interface ModelSchema {
  readonly inputs: readonly SchemaField[];
  readonly outputs: readonly SchemaField[];
}

type Shape = readonly (number | null)[] | null;

export interface SchemaField {
  readonly name: string;
  readonly type: string;
  readonly shape?: Shape;
  /** Absent: required. */
  readonly required?: boolean;
  /** Present: it takes pictures. */
  readonly image?: object | undefined;
}

/**
 * Whether clients of the stable model can go on unchanged with the candidate. SchemaIncompatible lists each field that
 * was removed, changed its type or shape, takes no pictures any more, or is new and required.
 */
export function schemaCompatibility(stable: ModelSchema, candidate: ModelSchema): Failure | undefined {
  const problems = [
    ...changes('input', stable.inputs, candidate.inputs),
    ...candidate.inputs
      .filter((field) => field.required !== false && !stable.inputs.some(({ name }) => name === field.name))
      .map((field) => `input ${quote(field.name)} (${field.type}) is new and required`),
    ...candidate.inputs
      .filter(
        (field) =>
          field.required !== false &&
          stable.inputs.some((old) => old.name === field.name && old.required === false),
      )
      .map((field) => `input ${quote(field.name)} was optional and is required`),
    ...changes('output', stable.outputs, candidate.outputs),
  ];
  if (problems.length === 0) return undefined;
  const message =
    `The new model does not fit the clients of the stable one: ${problems.join('; ')}. ` +
    'Keep the fields, or serve it as a ModelDeployment of its own.';
  return { reason: 'SchemaIncompatible', message: message.slice(0, 2000) };
}

function changes(
  what: 'input' | 'output',
  stable: readonly SchemaField[],
  candidate: readonly SchemaField[],
): readonly string[] {
  return stable.flatMap((old) => {
    const label = `${what} ${quote(old.name)}`;
    const now = candidate.find(({ name }) => name === old.name);
    if (now === undefined) return [`${label} was removed`];
    if (now.type !== old.type) return [`${label} was ${old.type} and is ${now.type}`];
    if (!sameShape(old.shape ?? null, now.shape ?? null)) {
      return [`${label} had the shape ${describe(old.shape ?? null)} and has ${describe(now.shape ?? null)}`];
    }
    if (old.image !== undefined && now.image === undefined) {
      return [`${label} took pictures and takes tensors alone`];
    }
    return [];
  });
}

/** A dimension that any size fits may come to be so; a fixed one may not change. */
function sameShape(old: Shape, now: Shape): boolean {
  if (old === null || now === null) return true;
  return old.length === now.length && now.every((size, axis) => size === null || size === old[axis]);
}

function describe(shape: Shape): string {
  return shape === null ? 'any' : `[${shape.map((size) => size ?? 'any').join(', ')}]`;
}
