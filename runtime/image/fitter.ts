import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ImageInput } from '#contract/image-input.ts';
import type { Decoded } from './decode.ts';
import type { FitRequest } from './fit-worker.ts';
import { effort, fit } from './fit.ts';

/** So many source pixels take less time than the way to another thread and back is worth: about a third of a millisecond. */
const INLINE_PIXELS = 32 * 1024;

/** Fits decoded pictures into the tensor: small ones at once, the others in worker threads, each of which does one at a time. */
export class Fitter {
  readonly #image: ImageInput;
  readonly #idle: Worker[] = [];
  #closed = false;

  constructor(image: ImageInput) {
    this.#image = image;
  }

  /** The caller sees to it that no more run at once than there are cores. `picture.data` is used up. */
  async fit(picture: Decoded): Promise<Uint8Array<ArrayBuffer>> {
    if (effort(picture, this.#image) <= INLINE_PIXELS) return fit(picture, this.#image);
    const worker = this.#idle.pop() ?? startWorker();
    const data = await ask(worker, { picture, image: this.#image });
    if (this.#closed) await worker.terminate();
    else this.#idle.push(worker);
    return data;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map((worker) => worker.terminate()));
  }
}

function startWorker(): Worker {
  // Pixels lie outside the worker's heap.
  const worker = new Worker(workerProgram(), {
    name: 'pictures',
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
  });
  worker.unref();
  return worker;
}

function ask(worker: Worker, request: FitRequest): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
    };
    const onMessage = (data: Uint8Array<ArrayBuffer>): void => {
      settle();
      resolve(data);
    };
    const onError = (error: unknown): void => {
      settle();
      reject(new Error('the thread that resizes pictures failed', { cause: error }));
    };
    const onExit = (code: number): void => onError(new Error(`it ended with code ${code}`));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.postMessage(request, [request.picture.data.buffer]);
  });
}

/** Beside this file in the sources; in the bundle, whose chunks all lie in one folder, under a name of its own. */
function workerProgram(): URL {
  const source = new URL('./fit-worker.ts', import.meta.url);
  return existsSync(fileURLToPath(source)) ? source : new URL('./picture-worker.mjs', import.meta.url);
}
