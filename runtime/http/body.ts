import type { IncomingMessage } from 'node:http';
import { RequestError } from '#runtime/protocol/errors.ts';

/** What a request's headers say about a body that cannot be taken; undefined where it can. */
export function bodyProblem(request: IncomingMessage, limit: number): RequestError | undefined {
  const { headers } = request;
  const type = headers['content-type'];
  if (type !== undefined && !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    return new RequestError(
      415,
      'UnsupportedMediaType',
      `content-type ${type.slice(0, 100)} is not supported; send JSON with content-type: application/json`,
    );
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return new RequestError(
      415,
      'UnsupportedMediaType',
      `content-encoding ${encoding.slice(0, 100)} is not supported; send the body uncompressed`,
    );
  }
  if (headers['inference-header-content-length'] !== undefined) {
    return new RequestError(
      400,
      'Unsupported',
      'binary tensor data is not supported; send the tensors as JSON (in tritonclient, binary_data=False)',
    );
  }
  return Number(headers['content-length'] ?? 0) > limit ? tooLarge(limit) : undefined;
}

function tooLarge(limit: number): RequestError {
  return new RequestError(
    413,
    'BodyTooLarge',
    `the body has more than ${limit} bytes; send fewer rows at once`,
  );
}

/** Reads a body of at most `limit` bytes. A caller that goes away before its end gets no call back. */
export function readBody(
  request: IncomingMessage,
  limit: number,
  done: (body: Buffer) => void,
  refuse: (error: RequestError) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size <= limit) {
      chunks.push(chunk);
      return;
    }
    chunks.length = 0;
    request.off('data', onData);
    request.off('end', onEnd);
    refuse(tooLarge(limit));
  };
  const onEnd = (): void => {
    const [first] = chunks;
    done(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks));
  };
  request.on('data', onData);
  request.on('end', onEnd);
}
