import type { GraphValue } from '#runtime/engine/session.ts';
import { found, report, type Path, type Problem } from './errors.ts';

/** Reads a tensor's `shape`, which must be one that the graph takes. */
export function readShape(
  value: unknown,
  input: GraphValue,
  path: Path,
  problems: Problem[],
): readonly number[] | undefined {
  const wanted = `[${input.shape.map((dim) => dim ?? -1).join(', ')}]`;
  const negative = Array.isArray(value) ? (value as unknown[]).find(isNegative) : undefined;
  if (negative !== undefined) {
    report(problems, path, `sizes must be 0 or more, got ${String(negative)}; the model takes ${wanted}`);
    return undefined;
  }
  if (!isShape(value)) {
    const odd = Array.isArray(value) ? (value as unknown[]).findIndex((dim) => !isSize(dim)) : -1;
    const got = odd < 0 ? found(value) : `${found((value as unknown[])[odd])} as size ${odd}`;
    report(problems, path, `must be an array of whole numbers like ${wanted}, ${got}`);
    return undefined;
  }
  if (fitsShape(value, input.shape)) return value;
  const got = value.slice(0, 9).join(', ');
  report(problems, path, `must be ${wanted} for input "${input.name}", got [${got}]`);
  return undefined;
}

export function fitsShape(dims: readonly number[], shape: GraphValue['shape']): boolean {
  return dims.length === shape.length && shape.every((dim, i) => dim === null || dim === dims[i]);
}

function isNegative(dim: unknown): dim is number {
  return typeof dim === 'number' && dim < 0;
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isSize);
}

function isSize(dim: unknown): boolean {
  return typeof dim === 'number' && Number.isSafeInteger(dim) && dim >= 0;
}
