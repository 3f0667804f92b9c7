import { Backlog } from './backlog.ts';
import type { BatchLane, Engine } from './engine.ts';
import { ModelError, type Job, type RowShapes } from './job.ts';
import { EngineError, RefusedRun } from './lane.ts';
import { errorText } from './native.ts';
import { planRun, type Slice } from './plan.ts';
import { Progress } from './progress.ts';
import type { Graph } from './session.ts';
import { elementCount, emptyTensor, freeMemory, type Tensor } from './tensor.ts';

export interface BatcherOptions {
  /** Rows of several requests may share a run. Without it a row is a whole run. */
  readonly merging: boolean;
  /** Most rows of a run. */
  readonly cap: number;
  /** Most rows of a run of one request alone, where it has more than `cap`; absent: `cap`. */
  readonly own?: number | undefined;
  /** What a row costs in a full run, from the probe. */
  readonly msPerRow?: number | undefined;
  readonly onRun?: ((rows: number, seconds: number) => void) | undefined;
  /** Sees the tensors of each run that succeeded; must not keep them, for they are used again. */
  readonly observe?:
    ((inputs: readonly Tensor[], outputs: readonly Tensor[], rows: number) => void) | undefined;
}

type Batch = readonly Slice<Progress>[];

/** Buffers of up to this many elements are kept per number of rows and used again. */
const KEPT_ELEMENTS = 4096;
/** Rows from this many elements on are run where they lie: to copy them into one run would take longer than a run more. */
const LARGE_ROW = 16 * 1024;

/**
 * Runs the rows of all requests that arrived in one turn of the event loop together: requests are parsed in the poll
 * phase, and the check phase (setImmediate) runs them. There is no waiting window, so one caller alone waits for nobody.
 * Where runs are on worker threads, what arrives while they are busy is the next batch.
 */
export class Batcher {
  readonly backlog: Backlog;
  /** Resolves when runs have become impossible: a worker thread has ended. */
  readonly crashed: Promise<EngineError>;
  readonly #engine: Engine;
  readonly #options: BatcherOptions;
  readonly #buffers = new Map<number, readonly Tensor[]>();
  #buffersKey = '';
  #queue: Progress[] = [];
  /** Requests of a batch that failed, which run again one by one, before all others. */
  #again: Batch[] = [];
  #alone = 0;
  #scheduled = false;
  #broken: EngineError | undefined;

  constructor(engine: Engine, options: BatcherOptions) {
    this.#engine = engine;
    this.#options = options;
    const lanes = engine.kind === 'workers' ? engine.lanes : [];
    this.backlog = new Backlog({
      msPerRow: options.msPerRow,
      cap: options.cap,
      lanes: Math.max(1, lanes.length),
    });
    this.crashed = Promise.race(lanes.map((lane) => lane.crashed));
    void this.crashed.then((error) => this.#break(error));
  }

  /** Where the caller has `gone` before a run, its rows are left out of it. */
  submit(job: Job, gone: () => boolean = () => false): void {
    if (this.#broken !== undefined) return job.fail(this.#broken);
    this.backlog.add(job.rows);
    const key = this.#runsWhereItLies(job) ? `${job.shapes.key} alone ${this.#alone++}` : job.shapes.key;
    this.#queue.push(new Progress(job, () => this.backlog.remove(job.rows), gone, key));
    this.#schedule();
  }

  #runsWhereItLies(job: Job): boolean {
    if (job.view === undefined || this.#engine.kind === 'workers') return false;
    return job.shapes.dims.reduce((sum, dims) => sum + elementCount(dims), 0) >= LARGE_ROW;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#tick());
  }

  #tick(): void {
    this.#scheduled = false;
    if (this.#engine.kind === 'workers') return this.#dispatch(this.#engine.lanes);
    const batch = this.#next(this.#options.cap, this.#own);
    if (batch !== undefined) this.#runHere(this.#engine.session.run, batch);
    if (this.#queue.length > 0) this.#schedule();
  }

  /** The next batch; its rows leave the queue. */
  #next(cap: number, own: number): Batch | undefined {
    for (let again = this.#again.shift(); again !== undefined; again = this.#again.shift())
      if (again.some(({ item }) => item.awaited())) return again;
    while (this.#queue.length > 0) {
      const { slices, rest, unfinished } = planRun(this.#queue, cap, own);
      for (const { item, count } of slices) item.done += count;
      this.#queue = rest.concat(unfinished.filter((item) => item.awaited()));
      // Only those whose turn it is are looked at: the queue is long when every look counts.
      const awaited = slices.filter(({ item }) => item.awaited());
      if (awaited.length > 0) return awaited;
    }
    return undefined;
  }

  #runHere(run: (inputs: readonly Tensor[]) => readonly Tensor[], batch: Batch): void {
    let outputs: readonly Tensor[];
    try {
      const rows = rowsOf(batch);
      const viewed = this.#viewed(batch, rows);
      const inputs = viewed ?? this.#filled(batch, (shapes) => this.#keptInputs(shapes, rows));
      const start = performance.now();
      outputs = attempt(() => run(inputs));
      this.#ran(batch, inputs, outputs, performance.now() - start);
      if (inputs !== viewed && inputs !== this.#buffers.get(rows)) freeTensors(inputs);
    } catch (error) {
      if (batch.length > 1) for (const slice of batch) this.#runHere(run, [slice]);
      else for (const { item } of batch) item.fail(error);
      return;
    }
    deliver(batch, outputs);
  }

  /** Gives each idle lane a batch. Idle lanes share what waits, so that several cores end it sooner. */
  #dispatch(lanes: readonly BatchLane[]): void {
    const idle = lanes.filter((lane) => lane.idle);
    for (const [index, lane] of idle.entries()) {
      const share = Math.ceil(this.#waitingRows() / (idle.length - index));
      while (lane.idle) {
        const most = Math.max(1, share);
        const batch = this.#next(Math.min(this.#options.cap, most), Math.min(this.#own, most));
        if (batch === undefined) return;
        this.#runOn(lane, lanes, batch);
      }
    }
  }

  get #own(): number {
    return this.#options.own ?? this.#options.cap;
  }

  #waitingRows(): number {
    return this.#queue.reduce((sum, { rows, done }) => sum + rows - done, 0);
  }

  #runOn(lane: BatchLane, lanes: readonly BatchLane[], batch: Batch): void {
    let inputs: readonly Tensor[];
    try {
      const rows = rowsOf(batch);
      inputs = this.#filled(batch, (shapes) => lane.tensors(this.#dims(shapes, rows)));
    } catch (error) {
      return this.#failed(batch, error);
    }
    lane.run(inputs).then(
      (run) => {
        // The lane's next batch goes first: it runs while these answers are written.
        this.#dispatch(lanes);
        try {
          this.#ran(batch, run.inputs, run.outputs, run.ms);
        } catch (error) {
          return this.#failed(batch, error);
        } finally {
          lane.keep(run.inputs);
        }
        deliver(batch, run.outputs);
      },
      (error: unknown) => {
        this.#failed(
          batch,
          error instanceof RefusedRun ? new ModelError(error.message, { cause: error }) : error,
        );
        this.#dispatch(lanes);
      },
    );
  }

  /** One request's rows may have failed the others': each runs again by itself. */
  #failed(batch: Batch, error: unknown): void {
    if (batch.length === 1 || error instanceof EngineError) for (const { item } of batch) item.fail(error);
    else this.#again.push(...batch.map((slice) => [slice]));
    if (this.#again.length > 0) this.#schedule();
  }

  /** No run will ever end again: whoever waits is told so. */
  #break(error: EngineError): void {
    this.#broken = error;
    const waiting = [...this.#queue, ...this.#again.flatMap((batch) => batch.map(({ item }) => item))];
    this.#queue = [];
    this.#again = [];
    for (const item of waiting) item.fail(error);
  }

  /** One request's elements as they lie, where nobody else's run with them. */
  #viewed(batch: Batch, rows: number): readonly Tensor[] | undefined {
    const [slice, another] = batch;
    const job = slice?.item.job;
    if (slice === undefined || job?.view === undefined || another !== undefined) return undefined;
    const data = job.view(slice.from, slice.count);
    const dims = this.#dims(job.shapes, rows);
    return graphOf(this.#engine).inputs.map(({ type }, index) => ({
      type,
      dims: dims[index] ?? [],
      data: data[index] ?? [],
    }));
  }

  #filled(batch: Batch, inputsFor: (shapes: RowShapes) => readonly Tensor[]): readonly Tensor[] {
    const shapes = batch[0]?.item.job.shapes;
    if (shapes === undefined) return [];
    const inputs = inputsFor(shapes);
    const data = inputs.map((input) => input.data);
    let at = 0;
    for (const { item, from, count } of batch) {
      item.job.fill(data, at, from, count);
      at += count;
    }
    return inputs;
  }

  #ran(batch: Batch, inputs: readonly Tensor[], outputs: readonly Tensor[], ms: number): void {
    const rows = rowsOf(batch);
    if (this.#options.merging) checkRows(graphOf(this.#engine), outputs, rows);
    this.backlog.ran(rows, ms);
    this.#options.onRun?.(rows, ms / 1000);
    this.#options.observe?.(inputs, outputs, rows);
  }

  #dims(shapes: RowShapes, rows: number): readonly (readonly number[])[] {
    return shapes.dims.map((row) => (this.#options.merging ? [rows, ...row] : row));
  }

  /** Input tensors for so many rows; small ones are kept, since a run is over before the next one is filled. */
  #keptInputs(shapes: RowShapes, rows: number): readonly Tensor[] {
    if (this.#buffersKey !== shapes.key) {
      this.#buffers.clear();
      this.#buffersKey = shapes.key;
    }
    const kept = this.#buffers.get(rows);
    if (kept !== undefined) return kept;
    const dims = this.#dims(shapes, rows);
    const inputs = graphOf(this.#engine).inputs.map(({ type }, index) =>
      emptyTensor(type, dims[index] ?? []),
    );
    // A request's own runs are of any size up to theirs, but mostly of that.
    const usual = rows <= this.#options.cap || rows === this.#own;
    if (usual && inputs.every(({ data }) => data.length <= KEPT_ELEMENTS)) this.#buffers.set(rows, inputs);
    return inputs;
  }
}

function graphOf(engine: Engine): Graph {
  return engine.kind === 'inline' ? engine.session : engine.graph;
}

function freeTensors(tensors: readonly Tensor[]): void {
  for (const { data } of tensors) if (!Array.isArray(data)) freeMemory(data);
}

function rowsOf(batch: Batch): number {
  return batch.reduce((sum, { count }) => sum + count, 0);
}

function attempt(run: () => readonly Tensor[]): readonly Tensor[] {
  try {
    return run();
  } catch (cause) {
    throw new ModelError(errorText(cause), { cause });
  }
}

function deliver(batch: Batch, outputs: readonly Tensor[]): void {
  const total = rowsOf(batch);
  let at = 0;
  for (const { item, from, count } of batch) {
    item.take({ outputs, at, from, count, total });
    at += count;
  }
}

function checkRows(graph: Graph, outputs: readonly Tensor[], rows: number): void {
  for (const [index, output] of outputs.entries()) {
    if (output.dims[0] === rows) continue;
    const name = graph.outputs[index]?.name ?? index;
    throw new ModelError(`output "${name}" has shape [${output.dims.join(', ')}] for ${rows} rows`);
  }
}
