import type { ModelInput } from '#contract/model-manifest.ts';
import type { Element } from '#runtime/engine/tensor.ts';
import { elementProblem, toElement } from './elements.ts';
import { quote, report, type Path, type Problem } from './errors.ts';

/** Reads a feature's value, or says what is wrong with it. */
export type ScalarReader = (value: unknown, path: Path, problems: Problem[]) => Element;

/** More allowed values than these are not listed in a message. */
const LISTED_VALUES = 20;

/** Compiles the checks of one single-element input: type, integrality, range, allowed values. */
export function compileScalar(input: ModelInput): ScalarReader {
  const { type, values, required } = input;
  const allowed = values === undefined ? undefined : new Set<unknown>(values);
  const name = input.name;
  const flag = isFlag(input);
  if (type === 'string') {
    return (value, path, problems) => {
      if (typeof value === 'string' && (allowed === undefined || allowed.has(value))) return value;
      // '' is how the graph is told of a missing text.
      if (value === '' && !required) return '';
      report(problems, [...path, name], elementProblem(type, value) ?? notAllowed(input, value));
      return '';
    };
  }
  return (raw, path, problems) => {
    const value = flag && typeof raw === 'boolean' ? Number(raw) : raw;
    const problem = elementProblem(type, value) ?? limitProblem(input, allowed, value);
    if (problem === undefined) return toElement(type, value);
    report(problems, [...path, name], problem);
    return 0;
  };
}

function limitProblem(
  { integer, range, unit, ...input }: ModelInput,
  allowed: ReadonlySet<unknown> | undefined,
  value: unknown,
): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const suffix = unit === undefined ? '' : ` ${unit}`;
  if (integer && typeof value === 'number' && !Number.isInteger(value)) {
    return `must be a whole number, got ${value}`;
  }
  if (range?.min !== undefined && value < range.min) {
    return `must be at least ${range.min}${suffix}, got ${value}`;
  }
  if (range?.max !== undefined && value > range.max) {
    return `must be at most ${range.max}${suffix}, got ${value}`;
  }
  return allowed === undefined || allowed.has(Number(value)) ? undefined : notAllowed(input, value);
}

function notAllowed({ values = [] }: Pick<ModelInput, 'values'>, value: unknown): string {
  const listed = values.slice(0, LISTED_VALUES).join(', ');
  const more = values.length > LISTED_VALUES ? `, ... (${values.length} in all)` : '';
  return `must be one of ${listed}${more}; got ${quote(value)}`;
}

/** A feature of zeroes and ones takes true and false too, as pydantic's integers do. */
function isFlag({ values, range, integer }: ModelInput): boolean {
  if (values !== undefined) return values.every((value) => value === 0 || value === 1);
  return integer && range?.min === 0 && range.max === 1;
}
