import { isFull, quote, report, type Path, type Problem } from './errors.ts';
import { isObject } from './json.ts';

/** What this server reads of a request's, an input's or an output's parameters; it has no use for the others. */
export interface V2Parameters {
  readonly binary_data?: boolean;
  readonly binary_data_output?: boolean;
  readonly binary_data_size?: number;
}

/** Parameters whose meaning would be lost if they were ignored. */
const REFUSED = /^(?:shared_memory_|sequence_|classification$)/;

/** Reads `parameters`, and reports those that cannot be obeyed. Null is as good as none. */
export function readParameters(value: unknown, path: Path, problems: Problem[]): V2Parameters {
  if (value === undefined || value === null) return {};
  const where: Path = [...path, 'parameters'];
  if (!isObject(value)) {
    report(problems, where, `must be an object, got ${quote(value)}`);
    return {};
  }
  for (const [name, parameter] of Object.entries(value)) {
    if (isFull(problems)) break;
    const problem = parameterProblem(name, parameter);
    if (problem !== undefined) report(problems, [...where, name.slice(0, 100)], problem);
  }
  return value;
}

function parameterProblem(name: string, value: unknown): string | undefined {
  if (REFUSED.test(name)) return 'is not supported by this server; leave it out';
  if (name === 'binary_data' || name === 'binary_data_output') {
    return typeof value === 'boolean' ? undefined : `must be true or false, got ${quote(value)}`;
  }
  if (name !== 'binary_data_size') return undefined;
  const size = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  return size ? undefined : `must be a number of bytes, got ${quote(value)}`;
}
