import type { ModelInput, TensorType } from '#contract/model-manifest.ts';
import type { Element } from '#runtime/engine/tensor.ts';
import { elementProblem, toElement } from './elements.ts';
import { quote, report, type Path, type Problem } from './errors.ts';

/** Reads a feature's value, or says what is wrong with it. */
export type ScalarReader = (value: unknown, path: Path, problems: Problem[]) => Element;

/** More allowed values than these are not listed in a message. */
const LISTED_VALUES = 20;

/** What model.json demands of one element beyond its type; undefined where there is nothing to say. */
export type LimitCheck = (value: unknown) => string | undefined;

/** How an input's elements are judged. */
export interface ElementRule {
  /** Each element is a feature's whole value, which NaN and infinity are not. */
  readonly feature?: true;
  /** What stands for null; absent where a value must be given. */
  readonly missing?: Element;
  readonly limits?: LimitCheck;
}

const FLOATS: ReadonlySet<TensorType> = new Set(['float32', 'float64', 'float16']);

/** Whether a row has one element of this input. A first dimension of any size that does not merge may be one row. */
export function isSingle(input: ModelInput, merging: boolean): boolean {
  return input.shape
    .slice(merging ? 1 : 0)
    .every((dim, i) => dim === 1 || (dim === null && i === 0 && !merging));
}

/** The rule for each element of an input, the same for every protocol. */
export function elementRule(input: ModelInput, merging: boolean): ElementRule {
  if (!isSingle(input, merging)) return {};
  const limits = compileLimits(input);
  const mayMiss = !input.required && (FLOATS.has(input.type) || input.type === 'string');
  return {
    feature: true,
    ...(mayMiss ? { missing: input.type === 'string' ? '' : NaN } : {}),
    ...(limits === undefined ? {} : { limits }),
  };
}

/** Compiles range, integrality and allowed values; undefined for an input that has none of them. */
function compileLimits(input: ModelInput): LimitCheck | undefined {
  const { type, values, required, integer, range } = input;
  const allowed = values === undefined ? undefined : new Set<unknown>(values);
  if (type === 'string') {
    if (allowed === undefined) return undefined;
    // '' is how the graph is told of a missing text.
    return (value) =>
      allowed.has(value) || (value === '' && !required) ? undefined : notAllowed(input, value);
  }
  if (allowed === undefined && !integer && range === undefined) return undefined;
  return (value) => limitProblem(input, allowed, value);
}

/** Compiles the checks of one single-element input: type, integrality, range, allowed values. */
export function compileScalar(input: ModelInput): ScalarReader {
  const { type, name } = input;
  const judge = compileJudge(input);
  return (raw, path, problems) => {
    const { value, problem } = judge(raw);
    if (problem === undefined) return toElement(type, value);
    report(problems, [...path, name], problem);
    return type === 'string' ? '' : 0;
  };
}

/** As compileScalar, for whoever need not know what is wrong with a value: undefined then. */
export function compileAccept(input: ModelInput): (value: unknown) => Element | undefined {
  const { type } = input;
  const judge = compileJudge(input);
  return (raw) => {
    const { value, problem } = judge(raw);
    return problem === undefined ? toElement(type, value) : undefined;
  };
}

function compileJudge(
  input: ModelInput,
): (raw: unknown) => { readonly value: unknown; readonly problem: string | undefined } {
  const limits = compileLimits(input);
  const flag = isFlag(input);
  return (raw) => {
    const value = flag && typeof raw === 'boolean' ? Number(raw) : raw;
    return { value, problem: elementProblem(input.type, value) ?? limits?.(value) };
  };
}

function limitProblem(
  input: ModelInput,
  allowed: ReadonlySet<unknown> | undefined,
  value: unknown,
): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const { integer, range, unit } = input;
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
function isFlag({ type, values, range, integer }: ModelInput): boolean {
  if (type === 'string') return false;
  if (values !== undefined) return values.every((value) => value === 0 || value === 1);
  return integer && range?.min === 0 && range.max === 1;
}
