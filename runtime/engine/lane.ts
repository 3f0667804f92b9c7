import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { buffersOf, reunite } from './moved-tensor.ts';
import { emptyTensor, type Tensor } from './tensor.ts';
import type { WorkerReply, WorkerRequest, WorkerSetup } from './worker-messages.ts';

/** ONNX Runtime refused to run these inputs. */
export class RefusedRun extends Error {
  override readonly name = 'RefusedRun';
}

/** The engine is at fault: no request can be answered any more. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

export interface LaneRun {
  /** What ran; good until the call that gets it returns, then its memory is used again. */
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Time of the run itself, in the worker. */
  readonly ms: number;
}

/** Memory for inputs that a lane keeps between runs, at most. */
const KEPT_BYTES = 16 * 1024 * 1024;
/** The worker's heap holds tensors' descriptions alone; their elements are outside it. Strings may be many. */
const WORKER_HEAP = { maxYoungGenerationSizeMb: 4 };

interface Running {
  readonly sent: readonly Tensor[];
  readonly done: (run: LaneRun) => void;
  readonly failed: (error: RefusedRun | EngineError) => void;
}

/** One worker thread with a session of its own, which runs one batch at a time. */
export class Lane {
  readonly #worker: Worker;
  readonly #inputs: WorkerSetup['inputs'];
  readonly #opened = Promise.withResolvers<void>();
  readonly #crashed = Promise.withResolvers<EngineError>();
  readonly #exited: Promise<void>;
  readonly #kept = new Map<string, readonly Tensor[]>();
  #keptBytes = 0;
  #running: Running | undefined;
  #closing = false;
  #error: EngineError | undefined;

  /** Starts the thread and loads the graph in it. Rejects with ONNX Runtime's message. */
  static async open(setup: WorkerSetup): Promise<Lane> {
    const lane = new Lane(setup);
    await lane.#opened.promise;
    return lane;
  }

  private constructor(setup: WorkerSetup) {
    this.#inputs = setup.inputs;
    this.#worker = new Worker(workerProgram(), {
      workerData: setup,
      name: 'onnxruntime',
      resourceLimits: WORKER_HEAP,
    });
    this.#worker.on('message', (reply: WorkerReply) => this.#reply(reply));
    this.#worker.on('error', (error) => this.#crash(String(error)));
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#crash(`it ended with code ${code}`);
        resolve();
      });
    });
  }

  get idle(): boolean {
    return this.#running === undefined && this.#error === undefined;
  }

  /** Resolves when the thread ends without having been asked to. */
  get crashed(): Promise<EngineError> {
    return this.#crashed.promise;
  }

  /** Tensors to fill for the next run, from kept memory where there is some; `dims` for each input. */
  tensors(dims: readonly (readonly number[])[]): readonly Tensor[] {
    const key = keyOf(dims);
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#keptBytes -= bytesOf(kept);
      return kept;
    }
    return this.#inputs.map(({ type }, index) => emptyTensor(type, dims[index] ?? []));
  }

  /** Runs a batch: `inputs` move to the thread, and must not be touched any more. One at a time. */
  run(inputs: readonly Tensor[]): Promise<LaneRun> {
    if (!this.idle) return Promise.reject(this.#error ?? new EngineError('this thread runs a batch already'));
    return new Promise((done, failed) => {
      // What moves is described before it goes: afterwards its length reads 0.
      const sent = inputs.map((tensor) => (Array.isArray(tensor.data) ? tensor : { ...tensor }));
      this.#post({ kind: 'run', inputs }, buffersOf(inputs));
      this.#running = { sent, done, failed };
    });
  }

  /** Memory that came back with a run, for the next one of that shape. */
  keep(inputs: readonly Tensor[]): void {
    const key = keyOf(inputs.map(({ dims }) => dims));
    const bytes = bytesOf(inputs);
    if (this.#kept.has(key) || bytes > KEPT_BYTES) return;
    if (this.#keptBytes + bytes > KEPT_BYTES) {
      this.#kept.clear();
      this.#keptBytes = 0;
    }
    this.#kept.set(key, inputs);
    this.#keptBytes += bytes;
  }

  /** Ends the thread after the batch that runs, and frees its session. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#post({ kind: 'close' });
    await this.#exited;
  }

  #post(request: WorkerRequest, moved: ReturnType<typeof buffersOf> = []): void {
    this.#worker.postMessage(request, moved);
  }

  #reply(reply: WorkerReply): void {
    if (reply.kind === 'ready') return this.#opened.resolve();
    if (reply.kind === 'failed') {
      this.#closing = true;
      this.#opened.reject(new RefusedRun(reply.message));
      return void this.#worker.terminate();
    }
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    const inputs = reunite(running.sent, reply.returned);
    if (reply.kind === 'answered') running.done({ inputs, outputs: reply.outputs, ms: reply.ms });
    else running.failed(new RefusedRun(reply.message));
  }

  #crash(cause: string): void {
    if (this.#error !== undefined) return;
    this.#error = new EngineError(`the thread that runs the model has ended: ${cause}`);
    this.#running?.failed(this.#error);
    this.#running = undefined;
    this.#opened.reject(this.#error);
    if (!this.#closing) this.#crashed.resolve(this.#error);
  }
}

/** Beside this source, or beside the bundle that this is a chunk of. */
function workerProgram(): URL {
  const source = new URL('./worker.ts', import.meta.url);
  return existsSync(fileURLToPath(source)) ? source : new URL('./engine-worker.mjs', import.meta.url);
}

function keyOf(dims: readonly (readonly number[])[]): string {
  return dims.map((inner) => inner.join('x')).join(',');
}

function bytesOf(tensors: readonly Tensor[]): number {
  return tensors.reduce(
    (sum, { data }) => sum + (Array.isArray(data) ? data.length * 16 : data.byteLength),
    0,
  );
}
