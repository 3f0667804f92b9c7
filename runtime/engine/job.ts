import type { Tensor, TensorData } from './tensor.ts';

/** Per input the dimensions of one row (of the whole tensor where rows are not merged), and a key that names them. */
export interface RowShapes {
  readonly key: string;
  readonly dims: readonly (readonly number[])[];
}

/** ONNX Runtime refused to run these rows: their values are at fault. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

/** Nobody waits for these rows any more, which were not run. */
export class CallerGone extends Error {
  override readonly name = 'CallerGone';
  constructor() {
    super('the caller has closed the connection');
  }
}

/** One request on its way through the model. */
export interface Job {
  readonly rows: number;
  readonly shapes: RowShapes;
  /** Writes rows [from, from + count) into each input's elements, from row `at` on. */
  fill(inputs: readonly TensorData[], at: number, from: number, count: number): void;
  /** The elements of the same rows where they lie, for a run of nothing else in this thread; absent where they lie nowhere. */
  view?(from: number, count: number): readonly TensorData[];
  /** Reads the same rows' answers from a run of `total` rows, in the rows' order; throws to fail this request alone. */
  take(outputs: readonly Tensor[], at: number, from: number, count: number, total: number): void;
  /** All rows were taken. */
  done(): void;
  /** A ModelError for these very rows, an EngineError where none can run, CallerGone, or what fill or take threw. */
  fail(error: unknown): void;
}
