import type { AnswerShape } from './workload.ts';

/** The numbers of an answer's body. Throws where it has not the shape. */
export function numbersOf(shape: AnswerShape, body: Buffer, count: number): readonly number[] {
  if (shape.kind === 'v2Binary') {
    const from = body.byteLength - count * 4;
    if (from < 0) throw new Error(`the answer has ${body.byteLength} bytes, too few for ${count} numbers`);
    return Array.from({ length: count }, (_, i) => body.readFloatLE(from + i * 4));
  }
  const json: unknown = JSON.parse(body.toString());
  if (shape.kind === 'field') {
    const rows = shape.list === undefined ? [json] : arrayOf(field(json, shape.list));
    return rows.map((row) => Number(field(row, shape.name)));
  }
  const output = arrayOf(field(json, 'outputs')).find((each) => field(each, 'name') === shape.output);
  return arrayOf(field(output, 'data')).flat(Infinity).map(Number);
}

/** What is wrong with an answer; undefined where every number is the model's. */
export function wrongAnswer(
  shape: AnswerShape,
  body: Buffer,
  expected: readonly number[],
  tolerance: number,
): string | undefined {
  let given: readonly number[];
  try {
    given = numbersOf(shape, body, expected.length);
  } catch (error) {
    return `${String(error)}: ${body.toString('latin1', 0, 200)}`;
  }
  if (given.length !== expected.length) return `${given.length} numbers instead of ${expected.length}`;
  const at = expected.findIndex((value, i) => !(Math.abs(value - (given[i] ?? Number.NaN)) <= tolerance));
  return at < 0 ? undefined : `number ${at} is ${given[at]} instead of ${expected[at]}`;
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !(name in value))
    throw new Error(`the answer has no "${name}"`);
  return (value as Readonly<Record<string, unknown>>)[name];
}

function arrayOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('the answer has no array where one belongs');
  return value;
}
