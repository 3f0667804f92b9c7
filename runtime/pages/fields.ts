import type { ImageInput } from '#contract/image-input.ts';
import type { ModelInput } from '#contract/model-manifest.ts';
import type { Model } from '#runtime/model/load.ts';
import { isSingle } from '#runtime/protocol/scalar.ts';

/** How a person gives an input's value. A choice's texts are JSON, and become part of the request as they are. */
export type FormField =
  | { readonly kind: 'number'; readonly slider?: Slider }
  | { readonly kind: 'text' }
  | { readonly kind: 'picture'; readonly sizing: string }
  | { readonly kind: 'choice'; readonly choices: readonly Choice[]; readonly compact: boolean }
  | {
      readonly kind: 'json';
      readonly shape: readonly number[];
      /** Every element of what is sent where the person writes nothing, for tensors too long to show. */
      readonly filler?: string | number | boolean;
    };

export interface Slider {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

export interface Choice {
  readonly json: string;
  readonly text: string;
}

/** More elements than these are not written into a page. */
const MAX_SHOWN_ELEMENTS = 2000;
/** Whole numbers in a range this small are picked rather than typed. */
const FEW_NUMBERS = 5;
const FEW_CHOICES = 5;
/** Choices side by side have at most so many characters together. */
const COMPACT_LENGTH = 48;

export function fieldOf(input: ModelInput, { merging, example }: Model): FormField {
  if (input.image !== undefined) return { kind: 'picture', sizing: sizingOf(input.image) };
  if (!isSingle(input, merging)) return tensorField(example[input.name]);
  const values = choicesOf(input);
  if (values !== undefined) {
    const choices = values.map((value) => ({ json: JSON.stringify(value), text: String(value) }));
    const length = choices.reduce((sum, { text }) => sum + text.length, 0);
    return {
      kind: 'choice',
      choices,
      compact: choices.length <= FEW_CHOICES && length <= COMPACT_LENGTH,
    };
  }
  if (input.type === 'string') return { kind: 'text' };
  const slider = sliderOf(input);
  return { kind: 'number', ...(slider === undefined ? {} : { slider }) };
}

/** What a person sees at first: the model's default, else its example, else nothing where nothing is needed. */
export function initialValue(input: ModelInput, { example }: Model): unknown {
  if (input.default !== undefined) return input.default;
  return input.required ? example[input.name] : undefined;
}

export function isWhole({ type, integer }: ModelInput): boolean {
  return integer || /^u?int/.test(type);
}

/** What becomes of a picture of another size. */
function sizingOf({ width, height, fit }: ImageInput): string {
  const size = `${width} × ${height} pixels`;
  return fit === 'crop' ? `The middle of it is taken, at ${size}.` : `It is resized to ${size}.`;
}

function choicesOf(input: ModelInput): readonly (string | number | boolean)[] | undefined {
  const { type, values, range } = input;
  if (type === 'bool') return [true, false];
  if (values !== undefined) return values;
  if (!isWhole(input) || range?.min === undefined || range.max === undefined) return undefined;
  const { min, max } = range;
  if (!Number.isInteger(min) || max - min >= FEW_NUMBERS) return undefined;
  return Array.from({ length: Math.floor(max - min) + 1 }, (_, i) => min + i);
}

function sliderOf(input: ModelInput): Slider | undefined {
  const { min, max } = input.range ?? {};
  if (min === undefined || max === undefined || max <= min) return undefined;
  if (isWhole(input)) return { min, max, step: 1 };
  return { min, max, step: 10 ** Math.floor(Math.log10((max - min) / 100)) };
}

function tensorField(example: unknown): FormField {
  const shape: number[] = [];
  let level: unknown = example;
  while (Array.isArray(level)) {
    shape.push(level.length);
    level = level[0] as unknown;
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (count <= MAX_SHOWN_ELEMENTS || !isScalar(level)) return { kind: 'json', shape };
  return { kind: 'json', shape, filler: level };
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean';
}
