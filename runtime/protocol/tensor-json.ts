import type { Tensor } from '#runtime/engine/tensor.ts';
import { RequestError } from './errors.ts';

/** A tensor's elements as a flat JSON array's text. Integers of 64 bits are exact. */
export function flatJson(tensor: Tensor): string {
  const { type, data } = tensor;
  if (Array.isArray(data)) return JSON.stringify(data);
  if (type === 'bool') return `[${Array.from(data, (element: number | bigint) => element !== 0).join(',')}]`;
  if (FLOATS.has(type)) {
    for (let i = 0; i < data.length; i++) {
      const element = data[i];
      if (typeof element === 'number' && !Number.isFinite(element)) return numberJson(element);
    }
  }
  return `[${data.join(',')}]`;
}

const FLOATS: ReadonlySet<string> = new Set(['float16', 'float32', 'float64']);

/** The same elements nested by `dims`; without any, the one element itself. */
export function nestedJson(tensor: Tensor, from: number, dims: readonly number[]): string {
  const [size, ...inner] = dims;
  if (size === undefined) return elementJson(tensor, from);
  const stride = inner.reduce((product, dim) => product * dim, 1);
  const parts: string[] = [];
  for (let i = 0; i < size; i++) parts.push(nestedJson(tensor, from + i * stride, inner));
  return `[${parts.join(',')}]`;
}

function elementJson({ type, data }: Tensor, index: number): string {
  const element = data[index];
  if (type === 'bool') return element === 0 ? 'false' : 'true';
  if (typeof element === 'number') return numberJson(element);
  return typeof element === 'string' ? JSON.stringify(element) : String(element);
}

/** JSON has no NaN and no infinity: an answer with one is an error that says so. */
export function numberJson(value: number): string {
  if (Number.isFinite(value)) return String(value);
  throw new RequestError(
    422,
    'AnswerNotFinite',
    `the model answers ${value} for this input, which JSON cannot carry; check the input's values`,
  );
}
