import { parentPort } from 'node:worker_threads';
import type { ImageInput } from '#contract/image-input.ts';
import type { Decoded } from './decode.ts';
import { fit } from './fit.ts';

// The program of a worker thread: it fits one picture after the other.

export interface FitRequest {
  readonly picture: Decoded;
  readonly image: ImageInput;
}

parentPort?.on('message', ({ picture, image }: FitRequest) => {
  const data = fit(picture, image);
  parentPort?.postMessage(data, [data.buffer]);
});
