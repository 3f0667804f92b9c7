import type { Session } from './session.ts';
import { allocate, elementAt, elementCount, type Tensor } from './tensor.ts';
import type { RowShapes } from './batcher.ts';

/** Rows to try a model with: `fill` writes row `row` (counted round) as row `at` of the inputs. */
export interface Samples {
  readonly count: number;
  readonly shapes: RowShapes;
  fill(inputs: readonly Tensor[], at: number, row: number): void;
}

/** A run of so many rows may hold the event loop this long, or twice a single row's time where that is longer. */
const RUN_BUDGET_MS = 1;
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

/** The most rows, up to `limit`, whose run stays within the budget; found by running 1, 2, 4, ... rows. */
export function probeCap(session: Session, samples: Samples, limit: number): number {
  const single = runMs(session, samples, 1);
  const budget = Math.max(RUN_BUDGET_MS, 2 * single);
  let cap = 1;
  for (let rows = 2; cap < limit; rows *= 2) {
    const tried = Math.min(rows, limit);
    const ms = runMs(session, samples, tried);
    if (ms > budget) return Math.max(cap, Math.floor((tried * budget) / ms));
    cap = tried;
  }
  return cap;
}

/** The shortest of a few runs: what disturbs a run only makes it longer. */
function runMs(session: Session, samples: Samples, rows: number): number {
  const inputs = tensors(session, samples, rows, 0);
  let best = Infinity;
  for (let i = 0; i < TRIES; i++) {
    const start = performance.now();
    session.run(inputs);
    best = Math.min(best, performance.now() - start);
    if (best > 20 * RUN_BUDGET_MS) break;
  }
  return best;
}

function tensors(session: Session, samples: Samples, rows: number, first: number): readonly Tensor[] {
  const inputs = session.inputs.map(({ type }, index): Tensor => {
    const dims = [rows, ...(samples.shapes.dims[index] ?? [])];
    return { type, dims, data: allocate(type, elementCount(dims)) };
  });
  for (let row = 0; row < rows; row++) samples.fill(inputs, row, (first + row) % samples.count);
  return inputs;
}
