import { imageDims } from '#contract/image-input.ts';
import type { ModelInput } from '#contract/model-manifest.ts';
import { elementCount } from '#runtime/engine/tensor.ts';
import { isSingle } from '#runtime/protocol/scalar.ts';
import type { GoldenRequests } from './golden-pictures.ts';

/** A field's value in a request. */
type FieldValue = string | number | boolean | FieldValue[];
export type ExampleRequest = Readonly<Record<string, FieldValue>>;

/** A body of POST /predict that the model accepts: from the inputs' defaults, choices and ranges. None for pictures. */
export function exampleRequest(inputs: readonly ModelInput[], merging: boolean): ExampleRequest {
  const named = inputs.filter(({ image }) => image === undefined);
  return Object.fromEntries(named.map((input) => [input.name, exampleValue(input, merging, () => 0.5)]));
}

/** `count` requests that differ, the same ones at each start: golden ones first, then made up. */
export function sampleRequests(
  inputs: readonly ModelInput[],
  golden: GoldenRequests | undefined,
  { count, merging }: { readonly count: number; readonly merging: boolean },
): readonly Readonly<Record<string, unknown>>[] {
  const random = randomNumbers(42);
  const known = golden?.rows.map(({ input }) => input).slice(0, count) ?? [];
  const made = Array.from({ length: count - known.length }, () =>
    Object.fromEntries(inputs.map((input) => [input.name, sampleValue(input, merging, random)])),
  );
  return [...known, ...made];
}

function sampleValue(input: ModelInput, merging: boolean, random: () => number): unknown {
  if (input.image === undefined) return exampleValue({ ...input, default: undefined }, merging, random);
  const dims = imageDims(input.image);
  return { dims, data: Uint8Array.from({ length: elementCount(dims) }, () => Math.floor(random() * 256)) };
}

function exampleValue(
  input: Omit<ModelInput, 'default'> & { default?: ModelInput['default'] | undefined },
  merging: boolean,
  random: () => number,
): FieldValue {
  if (input.default !== undefined) return input.default;
  // One element may stand for itself, but not where a dimension is open: there its array says how long it is.
  const sizes = isSingle(input, merging) ? [] : input.shape.slice(merging ? 1 : 0).map((dim) => dim ?? 1);
  return nest(sizes, () => element(input, random));
}

function nest(sizes: readonly number[], value: () => FieldValue): FieldValue {
  const [size, ...inner] = sizes;
  return size === undefined ? value() : Array.from({ length: size }, () => nest(inner, value));
}

function element(
  { type, integer, range, values }: Omit<ModelInput, 'default'>,
  random: () => number,
): FieldValue {
  const choice = values?.[Math.floor(random() * values.length)];
  if (choice !== undefined) return choice;
  if (type === 'string') return '';
  if (type === 'bool') return random() > 0.5;
  const min = range?.min ?? Math.min(0, range?.max ?? 0);
  const value = min + random() * ((range?.max ?? min + 1) - min);
  return integer || !type.startsWith('float') ? Math.round(value) : value;
}

/** Numbers in [0, 1) that are the same at each start (a linear congruential generator, Numerical Recipes' constants). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
