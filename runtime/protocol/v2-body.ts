import { RequestError, type Problem } from './errors.ts';

/** A body's JSON, and the binary data of tensors behind it. */
export interface V2Body {
  readonly json: Buffer;
  readonly tail: BinaryTail;
}

/** Parts a body where its header says that the JSON ends; without the header all of it is JSON. */
export function splitBody(body: Buffer, jsonLength: number | undefined): V2Body {
  if (jsonLength === undefined) return { json: body, tail: new BinaryTail(undefined) };
  if (jsonLength > body.length) {
    throw new RequestError(
      400,
      'InvalidRequest',
      `Inference-Header-Content-Length is ${jsonLength}, but the body has ${body.length} bytes; it counts the JSON before the tensors, uncompressed`,
    );
  }
  return { json: body.subarray(0, jsonLength), tail: new BinaryTail(body.subarray(jsonLength)) };
}

const NOTHING = Buffer.alloc(0);

/** The binary data of a request's inputs, one after another in the order of `inputs`. */
export class BinaryTail {
  /** Undefined where the request's headers speak of none. */
  readonly #bytes: Buffer | undefined;
  #at = 0;

  constructor(bytes: Buffer | undefined) {
    this.#bytes = bytes;
  }

  /** The next input's bytes; undefined where there are not so many. */
  take(size: number): Buffer | undefined {
    const from = this.#at;
    this.#at += size;
    if (size === 0) return NOTHING;
    return this.#bytes !== undefined && this.#at <= this.#bytes.length
      ? this.#bytes.subarray(from, this.#at)
      : undefined;
  }

  /** Begins anew, for another reader. */
  rewind(): void {
    this.#at = 0;
  }

  /** All of it was taken. */
  get ended(): boolean {
    return this.#at === (this.#bytes?.length ?? 0);
  }

  /** What is wrong about the lengths, once every input has taken its part. */
  problem(): Problem | undefined {
    if (this.ended) return undefined;
    const message =
      this.#bytes === undefined
        ? 'binary_data_size is given, but the header Inference-Header-Content-Length is missing, which says where the JSON ends'
        : `${this.#bytes.length} bytes follow the JSON, but binary_data_size of the inputs adds up to ${this.#at}`;
    return { path: ['inputs'], message };
  }
}
