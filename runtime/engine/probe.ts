import type { Timing } from './placement.ts';
import type { Graph, Session } from './session.ts';
import { elementAt, emptyTensor, type Tensor } from './tensor.ts';
import type { RowShapes } from './job.ts';

/** Rows to try a model with: `fill` writes row `row` (counted round) as row `at` of the inputs. */
export interface Samples {
  readonly count: number;
  readonly shapes: RowShapes;
  fill(inputs: readonly Tensor[], at: number, row: number): void;
}

const FEW_ROWS = 3;
/** Runs are tried so often, with other rows each time where that costs little: large rows are as slow whatever they hold. */
const TRIES = 9;
const OTHER_ROWS_ELEMENTS = 64 * 1024;

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
/** Of one request's own rows, no run is longer. */
const LONGEST_OWN_MS = 10;
const TIMING_MS = 1000;
/** A run is tried fewer times where it is long. */
const SLOW_MS = 20;
const VERY_SLOW_MS = 100;

/** Inputs of so many rows, from the sample with number `first` on. */
export type SampleInputs = (rows: number, first: number) => readonly Tensor[];

export interface RunSizes {
  /** Most rows that run together. */
  readonly limit: number;
  /** Most rows of one request that run together, at least `limit`; tried while runs are short. */
  readonly ownLimit: number;
}

/** Times runs of 1, 2, 4, ... rows, until one takes longer than a batch on any thread may. */
export function timeRuns(
  session: Session,
  sample: SampleInputs,
  { limit, ownLimit }: RunSizes,
): readonly Timing[] {
  const until = performance.now() + TIMING_MS;
  const timings: Timing[] = [];
  for (let rows = 1; ; rows = Math.min(2 * rows, rows < limit ? limit : ownLimit)) {
    const ms = runMs(session, sample, rows);
    timings.push({ rows, ms });
    const [single] = timings;
    const longest = rows < limit ? Math.max(LONGEST_MS, 2 * (single?.ms ?? 0)) : LONGEST_OWN_MS;
    if (rows >= ownLimit || ms > longest || performance.now() + 2 * ms > until) return timings;
  }
}

/**
 * What a run of other rows takes each time, undisturbed: a quarter of the tries were shorter. What disturbs a run only
 * makes it longer; the very shortest one of few rows may have had easy rows.
 */
function runMs(session: Session, sample: SampleInputs, rows: number): number {
  const taken: number[] = [];
  let best = Infinity;
  let inputs = sample(rows, 0);
  const small = inputs.reduce((sum, { data }) => sum + data.length, 0) <= OTHER_ROWS_ELEMENTS;
  for (let i = 0; i < TRIES; i++) {
    if (i > 0 && small) inputs = sample(rows, i * rows);
    const start = performance.now();
    session.run(inputs);
    const ms = performance.now() - start;
    taken.push(ms);
    best = Math.min(best, ms);
    if (best > (i === 0 ? VERY_SLOW_MS : SLOW_MS)) return best;
  }
  return taken.toSorted((a, b) => a - b)[TRIES >> 2] ?? best;
}

/** The outputs' dimensions for one row; undefined where the graph refuses the sample. */
export function outputDims(session: Session, samples: Samples): readonly (readonly number[])[] | undefined {
  try {
    return session.run(sampleTensors(session, samples, 1)).map(({ dims }) => dims);
  } catch {
    return undefined;
  }
}

/** Inputs of a run of so many sample rows, from sample `first` on. */
export function sampleTensors(graph: Graph, samples: Samples, rows: number, first = 0): readonly Tensor[] {
  return tensors(graph, samples, rows, first);
}

function tensors(graph: Graph, samples: Samples, rows: number, first: number): readonly Tensor[] {
  const inputs = graph.inputs.map(({ type }, index) =>
    emptyTensor(type, [rows, ...(samples.shapes.dims[index] ?? [])]),
  );
  for (let row = 0; row < rows; row++) samples.fill(inputs, row, (first + row) % samples.count);
  return inputs;
}
