import { parentPort, workerData } from 'node:worker_threads';
import type { ImageInput } from '#contract/image-input.ts';
import { openDecoder } from './decode.ts';
import { fit } from './fit.ts';
import { BrokenPicture, type PictureHeader } from './header.ts';

// The program of a worker thread: it decodes and fits one picture after the other.

export interface WorkerSetup {
  readonly image: ImageInput;
  readonly maxPixels: number;
}

export interface WorkerRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly header: PictureHeader;
}

export type WorkerReply =
  | { readonly kind: 'fitted'; readonly data: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'broken'; readonly message: string };

const { image, maxPixels } = workerData as WorkerSetup;
const opening = openDecoder(maxPixels);

async function answer({ bytes, header }: WorkerRequest): Promise<void> {
  try {
    const decode = await opening;
    const data = fit(await decode(Buffer.from(bytes.buffer), header), image);
    send({ kind: 'fitted', data });
  } catch (error) {
    if (!(error instanceof BrokenPicture)) throw error;
    send({ kind: 'broken', message: error.message });
  }
}

/** Copied: what the decoder made itself cannot be handed over. */
function send(reply: WorkerReply): void {
  parentPort?.postMessage(reply, []);
}

parentPort?.on('message', (request: WorkerRequest) => void answer(request));
