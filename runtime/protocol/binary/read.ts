import type { TensorType } from '#contract/model-manifest.ts';
import { elementCount, type Element, type TensorData } from '#runtime/engine/tensor.ts';
import { elementProblem } from '../elements.ts';
import { report, type Path, type Problem } from '../errors.ts';
import type { ElementRule } from '../scalar.ts';
import { readStrings } from './strings.ts';

/** What bytes are read as. */
export interface BinaryInput {
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly rule?: ElementRule;
}

type NumberType = Exclude<TensorType, 'string'>;
type Numbers = Exclude<TensorData, string[]>;

/** How the elements of a type lie in memory. All machines that this runs on are little-endian, as the extension is. */
const VIEWS: Readonly<
  Record<
    NumberType,
    { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBufferLike, at: number, length: number): Numbers }
  >
> = {
  bool: Uint8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float16: Float16Array,
  float32: Float32Array,
  float64: Float64Array,
};

/**
 * Reads a tensor from its bytes: a view of them wherever they lie right for the type, else a copy. Reports what does not
 * fit, and gives undefined then.
 */
export function readBinary(
  bytes: Buffer,
  { type, dims, rule }: BinaryInput,
  path: Path,
  problems: Problem[],
): TensorData | undefined {
  const count = elementCount(dims);
  if (type === 'string') return readTexts(bytes, count, rule, path, problems);
  const View = VIEWS[type];
  const wanted = count * View.BYTES_PER_ELEMENT;
  if (bytes.length !== wanted) {
    const message = `has ${bytes.length} bytes of binary data; shape [${dims.join(', ')}] of ${type} takes ${wanted}`;
    report(problems, path, message);
    return undefined;
  }
  const aligned = bytes.byteOffset % View.BYTES_PER_ELEMENT === 0;
  const source = aligned ? bytes : Uint8Array.prototype.slice.call(bytes);
  const data = new View(source.buffer, source.byteOffset, count);
  const before = problems.length;
  if (type === 'bool' || judges(rule)) judgeElements(data, type, rule, path, problems);
  return problems.length === before ? data : undefined;
}

function readTexts(
  bytes: Buffer,
  count: number,
  rule: ElementRule | undefined,
  path: Path,
  problems: Problem[],
): (readonly string[] & string[]) | undefined {
  const read = readStrings(bytes, count);
  if ('problem' in read) {
    report(problems, [...path, read.index], read.problem);
    return undefined;
  }
  const before = problems.length;
  if (rule?.limits !== undefined) {
    for (const [index, text] of read.strings.entries()) {
      const problem = rule.limits(text);
      if (problem !== undefined) report(problems, [...path, index], problem);
    }
  }
  return problems.length === before ? read.strings : undefined;
}

/** An element that is a whole feature is judged as a caller's JSON would be. */
function judges(rule: ElementRule | undefined): boolean {
  return rule !== undefined && (rule.feature === true || rule.limits !== undefined);
}

function judgeElements(
  data: Numbers,
  type: TensorType,
  rule: ElementRule | undefined,
  path: Path,
  problems: Problem[],
): void {
  for (let index = 0; index < data.length; index++) {
    const problem = problemOf(data[index] ?? 0, type, rule);
    if (problem !== undefined) report(problems, [...path, index], problem);
  }
}

function problemOf(element: Element, type: TensorType, rule: ElementRule | undefined): string | undefined {
  // NaN is how binary data says that a value is missing.
  if (Number.isNaN(element)) return rule?.missing === undefined ? 'must be a number, got NaN' : undefined;
  return elementProblem(type, element) ?? rule?.limits?.(element);
}
