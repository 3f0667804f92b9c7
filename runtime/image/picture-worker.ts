import { parentPort, workerData } from 'node:worker_threads';
import type { ImageInput } from '#contract/image-input.ts';
import { openDecoder, type Decode, type Decoded } from './decode.ts';
import { fit } from './fit.ts';
import { BrokenPicture, type PictureHeader } from './header.ts';
import { isPlain, openTurbo } from './jpeg/index.ts';
import { pictureProperties, type PictureProperties } from './properties.ts';

// The program of a worker thread: it decodes and fits one picture after the other.

export interface WorkerSetup {
  readonly image: ImageInput;
  readonly maxPixels: number;
  /** Properties are wanted beside the tensor. */
  readonly measure: boolean;
}

export interface WorkerRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly header: PictureHeader;
}

export type WorkerReply =
  | {
      readonly kind: 'fitted';
      readonly data: Uint8Array<ArrayBuffer>;
      readonly properties: PictureProperties | undefined;
    }
  | { readonly kind: 'broken'; readonly message: string };

const { image, maxPixels, measure } = workerData as WorkerSetup;
const opening = openTurbo(maxPixels);
/** Opened when a picture needs it: many a server gets none but plain JPEGs. */
let decoder: Promise<Decode> | undefined;

async function answer({ bytes, header }: WorkerRequest): Promise<void> {
  try {
    const picture = await decode(Buffer.from(bytes.buffer), header);
    const data = fit(picture, image);
    const properties = measure ? pictureProperties(data, image, picture) : undefined;
    // What the decoder made itself cannot be handed over.
    send({ kind: 'fitted', data: data.buffer === picture.data.buffer ? data.slice() : data, properties });
  } catch (error) {
    if (!(error instanceof BrokenPicture)) throw error;
    send({ kind: 'broken', message: error.message });
  }
}

async function decode(bytes: Buffer, header: PictureHeader): Promise<Decoded> {
  const turbo = await opening;
  const pixels = header.format === 'jpeg' && isPlain(bytes) ? turbo?.(bytes) : undefined;
  if (pixels !== undefined) return { ...pixels, channels: 3 };
  decoder ??= openDecoder(maxPixels);
  return (await decoder)(bytes, header);
}

function send(reply: WorkerReply): void {
  parentPort?.postMessage(reply, reply.kind === 'fitted' ? [reply.data.buffer] : []);
}

parentPort?.on('message', (request: WorkerRequest) => void answer(request));
