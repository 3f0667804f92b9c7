import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { BrokenPicture, type PictureHeader } from './header.ts';
import type { PictureProperties } from './properties.ts';
import type { WorkerReply, WorkerRequest, WorkerSetup } from './picture-worker.ts';

/** A tensor's elements, and what was measured of the picture where that was asked for. */
export interface Fitted {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly properties: PictureProperties | undefined;
}

/** Threads that decode and fit pictures, one each at a time; started when they are first needed. */
export class PictureThreads {
  readonly #setup: WorkerSetup;
  readonly #idle: Worker[] = [];
  #closed = false;

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
  }

  /** The caller sees to it that no more run at once than there are cores. Throws BrokenPicture. */
  async read(bytes: Buffer, header: PictureHeader): Promise<Fitted> {
    const worker = this.#idle.pop() ?? this.#start();
    // A copy of this picture alone: the buffer behind it may hold a whole form.
    const reply = await ask(worker, { bytes: new Uint8Array(bytes), header });
    if (this.#closed) await worker.terminate();
    else this.#idle.push(worker);
    if (reply.kind === 'fitted') return { data: reply.data, properties: reply.properties };
    throw new BrokenPicture(reply.message);
  }

  #start(): Worker {
    const worker = startWorker(this.#setup);
    // One that dies is not asked again; whoever waits for its picture listens too.
    const forget = (): void => {
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
    };
    worker.on('error', forget).on('exit', forget);
    return worker;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map((worker) => worker.terminate()));
  }
}

function startWorker(workerData: WorkerSetup): Worker {
  // Pixels lie outside the worker's heap.
  const worker = new Worker(workerProgram(), {
    workerData,
    name: 'pictures',
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
  });
  worker.unref();
  return worker;
}

function ask(worker: Worker, request: WorkerRequest): Promise<WorkerReply> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
    };
    const onMessage = (reply: WorkerReply): void => {
      settle();
      resolve(reply);
    };
    const onError = (error: unknown): void => {
      settle();
      reject(new Error('the thread that decodes pictures failed', { cause: error }));
    };
    const onExit = (code: number): void => onError(new Error(`it ended with code ${code}`));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.postMessage(request, [request.bytes.buffer]);
  });
}

/** Beside this file in the sources; in the bundle, whose chunks all lie in one folder, beside them. */
function workerProgram(): URL {
  const source = new URL('./picture-worker.ts', import.meta.url);
  return existsSync(fileURLToPath(source)) ? source : new URL('./picture-worker.mjs', import.meta.url);
}
