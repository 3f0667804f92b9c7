import type { Timing } from './placement.ts';
import type { Graph, Session } from './session.ts';
import { elementAt, emptyTensor, type Tensor } from './tensor.ts';
import type { RowShapes } from './batcher.ts';

/** Rows to try a model with: `fill` writes row `row` (counted round) as row `at` of the inputs. */
export interface Samples {
  readonly count: number;
  readonly shapes: RowShapes;
  fill(inputs: readonly Tensor[], at: number, row: number): void;
}

const FEW_ROWS = 3;
const TRIES = 5;

/**
 * Whether rows that run together get the answers that they get alone. A first dimension of any size is a batch by
 * custom only: a graph may normalise over it, or give an output of another length.
 */
export function mergesRows(session: Session, samples: Samples): boolean {
  try {
    const count = Math.min(FEW_ROWS, samples.count);
    const merged = session.run(tensors(session, samples, count, 0));
    return Array.from({ length: count }, (_, row) => row).every((row) => {
      const alone = session.run(tensors(session, samples, 1, row));
      return alone.every((output, index) => sameRow(output, merged[index], row, count));
    });
  } catch {
    return false;
  }
}

function sameRow(alone: Tensor, merged: Tensor | undefined, row: number, rows: number): boolean {
  if (merged?.dims[0] !== rows || alone.dims[0] !== 1 || merged.data.length !== alone.data.length * rows)
    return false;
  for (let i = 0; i < alone.data.length; i++) {
    const a = elementAt(alone.data, i);
    const b = elementAt(merged.data, row * alone.data.length + i);
    const near =
      typeof a === 'number' && typeof b === 'number'
        ? Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(a))
        : a === b;
    if (!near && !(Number.isNaN(a) && Number.isNaN(b))) return false;
  }
  return true;
}

/** Nothing longer than this is tried: it would hold up the start. */
const LONGEST_MS = 50;
const TIMING_MS = 1000;
/** A run is tried fewer times where it is long. */
const SLOW_MS = 20;
const VERY_SLOW_MS = 100;

/** Times runs of 1, 2, 4, ... rows up to `limit`, until one takes longer than a batch on any thread may. */
export function timeRuns(
  session: Session,
  sample: (rows: number) => readonly Tensor[],
  limit: number,
): readonly Timing[] {
  const until = performance.now() + TIMING_MS;
  const timings: Timing[] = [];
  for (let rows = 1; ; rows = Math.min(2 * rows, limit)) {
    const ms = runMs(session, sample(rows));
    timings.push({ rows, ms });
    const [single] = timings;
    const longest = Math.max(LONGEST_MS, 2 * (single?.ms ?? 0));
    if (rows === limit || ms > longest || performance.now() + 2 * ms > until) return timings;
  }
}

/** The shortest of a few runs: what disturbs a run only makes it longer. */
function runMs(session: Session, inputs: readonly Tensor[]): number {
  let best = Infinity;
  for (let i = 0; i < TRIES; i++) {
    const start = performance.now();
    session.run(inputs);
    best = Math.min(best, performance.now() - start);
    if (best > (i === 0 ? VERY_SLOW_MS : SLOW_MS)) break;
  }
  return best;
}

/** The outputs' dimensions for one row; undefined where the graph refuses the sample. */
export function outputDims(session: Session, samples: Samples): readonly (readonly number[])[] | undefined {
  try {
    return session.run(sampleTensors(session, samples, 1)).map(({ dims }) => dims);
  } catch {
    return undefined;
  }
}

/** Inputs of a run of so many sample rows. */
export function sampleTensors(graph: Graph, samples: Samples, rows: number): readonly Tensor[] {
  return tensors(graph, samples, rows, 0);
}

function tensors(graph: Graph, samples: Samples, rows: number, first: number): readonly Tensor[] {
  const inputs = graph.inputs.map(({ type }, index) =>
    emptyTensor(type, [rows, ...(samples.shapes.dims[index] ?? [])]),
  );
  for (let row = 0; row < rows; row++) samples.fill(inputs, row, (first + row) % samples.count);
  return inputs;
}
