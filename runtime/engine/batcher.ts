import type { TensorType } from '#contract/model-manifest.ts';
import { planRun, type Slice } from './plan.ts';
import { errorText } from './native.ts';
import type { Session } from './session.ts';
import { allocate, elementCount, type Tensor, type TensorData } from './tensor.ts';

/** Per input the dimensions of one row (of the whole tensor where rows are not merged), and a key that names them. */
export interface RowShapes {
  readonly key: string;
  readonly dims: readonly (readonly number[])[];
}

/** ONNX Runtime refused to run these rows: their values are at fault. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

/** One request on its way through the model. */
export interface Job {
  readonly rows: number;
  readonly shapes: RowShapes;
  /** Writes rows [from, from + count) into each input's elements, from row `at` on. */
  fill(inputs: readonly TensorData[], at: number, from: number, count: number): void;
  /** Reads the same rows' answers from a run of `total` rows; throws to fail this request alone. */
  take(outputs: readonly Tensor[], at: number, from: number, count: number, total: number): void;
  /** All rows were taken. */
  done(): void;
  /** A ModelError for these very rows, or what fill or take threw. */
  fail(error: unknown): void;
}

export interface BatcherOptions {
  /** Rows of several requests may share a run. Without it a row is a whole run. */
  readonly merging: boolean;
  /** Most rows of a run. */
  readonly cap: number;
  readonly onRun?: (rows: number, seconds: number) => void;
  /** Sees the tensors of each run that succeeded; must not keep them, for they are used again. */
  readonly observe?:
    ((inputs: readonly Tensor[], outputs: readonly Tensor[], rows: number) => void) | undefined;
}

interface Pending {
  readonly job: Job;
  readonly key: string;
  readonly rows: number;
  done: number;
  failed: boolean;
}

/** Buffers of up to this many elements are kept per number of rows and used again. */
const KEPT_ELEMENTS = 4096;

/**
 * Runs the rows of all requests that arrived in one turn of the event loop together: requests are parsed in the poll
 * phase, and the check phase (setImmediate) runs them. There is no waiting window, so one caller alone waits for nobody.
 */
export class Batcher {
  readonly #session: Session;
  readonly #options: BatcherOptions;
  readonly #buffers = new Map<number, readonly Tensor[]>();
  #buffersKey = '';
  #queue: Pending[] = [];
  #scheduled = false;

  constructor(session: Session, options: BatcherOptions) {
    this.#session = session;
    this.#options = options;
  }

  submit(job: Job): void {
    this.#queue.push({ job, key: job.shapes.key, rows: job.rows, done: 0, failed: false });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#tick());
  }

  #tick(): void {
    this.#scheduled = false;
    const { slices, rest, unfinished } = planRun(this.#queue, this.#options.cap);
    this.#queue = [...rest, ...unfinished];
    this.#run(slices);
    this.#queue = this.#queue.filter(({ failed }) => !failed);
    if (this.#queue.length > 0) this.#schedule();
  }

  #run(slices: readonly Slice<Pending>[]): void {
    let outputs: readonly Tensor[];
    try {
      outputs = this.#execute(slices);
    } catch (error) {
      // One request's rows may have failed the others': each runs again by itself.
      if (slices.length > 1) for (const slice of slices) this.#run([slice]);
      else for (const slice of slices) fail(slice.item, error);
      return;
    }
    const total = slices.reduce((sum, { count }) => sum + count, 0);
    let at = 0;
    for (const slice of slices) {
      take(slice, outputs, at, total);
      at += slice.count;
    }
  }

  #execute(slices: readonly Slice<Pending>[]): readonly Tensor[] {
    const shapes = slices[0]?.item.job.shapes;
    if (shapes === undefined) return [];
    const rows = slices.reduce((sum, { count }) => sum + count, 0);
    const inputs = this.#inputs(shapes, rows);
    const data = inputs.map((input) => input.data);
    let at = 0;
    for (const { item, from, count } of slices) {
      item.job.fill(data, at, from, count);
      at += count;
    }
    const start = performance.now();
    const outputs = this.#runModel(inputs, rows);
    this.#options.onRun?.(rows, (performance.now() - start) / 1000);
    this.#options.observe?.(inputs, outputs, rows);
    return outputs;
  }

  #runModel(inputs: readonly Tensor[], rows: number): readonly Tensor[] {
    try {
      const outputs = this.#session.run(inputs);
      if (this.#options.merging) checkRows(this.#session, outputs, rows);
      return outputs;
    } catch (cause) {
      throw new ModelError(errorText(cause), { cause });
    }
  }

  /** Input tensors for so many rows; small ones are kept, since a run is over before the next one is filled. */
  #inputs(shapes: RowShapes, rows: number): readonly Tensor[] {
    if (this.#buffersKey !== shapes.key) {
      this.#buffers.clear();
      this.#buffersKey = shapes.key;
    }
    const kept = this.#buffers.get(rows);
    if (kept !== undefined) return kept;
    const inputs = this.#session.inputs.map(({ type }, index) => {
      const row = shapes.dims[index] ?? [];
      return emptyTensor(type, this.#options.merging ? [rows, ...row] : row);
    });
    if (inputs.every(({ data }) => data.length <= KEPT_ELEMENTS)) this.#buffers.set(rows, inputs);
    return inputs;
  }
}

function emptyTensor(type: TensorType, dims: readonly number[]): Tensor {
  return { type, dims, data: allocate(type, elementCount(dims)) };
}

function take(
  { item, from, count }: Slice<Pending>,
  outputs: readonly Tensor[],
  at: number,
  total: number,
): void {
  try {
    item.job.take(outputs, at, from, count, total);
    item.done += count;
    if (item.done === item.rows) item.job.done();
  } catch (error) {
    fail(item, error);
  }
}

function fail(item: Pending, error: unknown): void {
  item.failed = true;
  item.job.fail(error);
}

function checkRows(session: Session, outputs: readonly Tensor[], rows: number): void {
  for (const [index, output] of outputs.entries()) {
    if (output.dims[0] === rows) continue;
    const name = session.outputs[index]?.name ?? index;
    throw new Error(`output "${name}" has shape [${output.dims.join(', ')}] for ${rows} rows`);
  }
}
