import type { Golden } from '#contract/model-manifest.ts';
import type { Job } from '#runtime/engine/job.ts';
import type { GraphValue } from '#runtime/engine/session.ts';
import { allocate, elementCount, setElement, type Tensor } from '#runtime/engine/tensor.ts';

/** What the graph answered when the bundle was written, by output. */
export type GoldenOutput = Golden['rows'][number]['output'];

/**
 * Answers a job with golden outputs, one for each of its rows, as if the graph had run; its self-test has shown at the
 * start that it gives them. False where they do not say all that a run would.
 */
export function answerGolden(
  job: Job,
  graph: readonly GraphValue[],
  rows: readonly (GoldenOutput | undefined)[],
): boolean {
  if (rows.length !== job.rows) return false;
  const runs = rows.map((row) => row && tensorsOf(graph, row));
  if (!runs.every((run) => run !== undefined)) return false;
  for (const [row, run] of runs.entries()) job.take(run, 0, row, 1, 1);
  job.done();
  return true;
}

function tensorsOf(graph: readonly GraphValue[], row: GoldenOutput): readonly Tensor[] | undefined {
  const tensors = graph.map((output) => tensorOf(output, row[output.name]));
  return tensors.every((tensor) => tensor !== undefined) ? tensors : undefined;
}

function tensorOf({ type, shape }: GraphValue, values: GoldenOutput[string] | undefined): Tensor | undefined {
  const dims = values && dimsOf(shape, values.length);
  if (values === undefined || dims === undefined) return undefined;
  const data = allocate(type, values.length);
  for (const [index, value] of values.entries()) {
    setElement(data, index, typeof value === 'boolean' ? Number(value) : value);
  }
  return { type, dims, data };
}

/** One row's dimensions, its batch of one included; undefined where the number of elements does not settle them. */
function dimsOf(shape: GraphValue['shape'], length: number): readonly number[] | undefined {
  // An exporter may leave a shape open altogether.
  if (shape.length === 0) return [1, length];
  const [batch, ...inner] = shape;
  const known = elementCount([batch ?? 1, ...inner.map((dim) => dim ?? 1)]);
  const open = inner.filter((dim) => dim === null).length;
  const missing = known === 0 ? 0 : length / known;
  if (open > 1 || !Number.isInteger(missing) || (open === 0 && missing !== 1)) return undefined;
  return [batch ?? 1, ...inner.map((dim) => dim ?? missing)];
}
