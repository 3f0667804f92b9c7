import type { ModelInput } from '#contract/model-manifest.ts';

type Value = string | number | boolean | null | readonly Value[];

/** A request that a model should accept, made from what it says of its inputs. */
export function exampleRow(inputs: readonly ModelInput[]): Readonly<Record<string, Value>> {
  return Object.fromEntries(inputs.map((input) => [input.name, exampleValue(input)]));
}

function exampleValue(input: ModelInput): Value {
  const row = input.shape[0] === null ? input.shape.slice(1) : input.shape;
  const sizes = row.map((size) => size ?? 1);
  const elements = sizes.reduce((product, size) => product * size, 1);
  return elements === 1 ? scalar(input) : filled(sizes, scalar(input));
}

/** The declared default, the first allowed value, the middle of the range, else zero. */
function scalar(input: ModelInput): string | number | boolean {
  if (input.default !== undefined) return input.default;
  const [first] = input.values ?? [];
  if (first !== undefined) return first;
  if (input.type === 'string') return '';
  if (input.type === 'bool') return false;
  const { min, max } = input.range ?? {};
  const middle = min !== undefined && max !== undefined ? (min + max) / 2 : (min ?? max ?? 0);
  const whole = input.integer || /int/.test(input.type);
  return whole ? Math.floor(middle) : Number(middle.toPrecision(6));
}

function filled(sizes: readonly number[], value: Value): Value {
  const [size, ...rest] = sizes;
  if (size === undefined) return value;
  return Array.from({ length: size }, () => filled(rest, value));
}
