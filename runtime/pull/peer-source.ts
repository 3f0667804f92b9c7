import { lookup } from 'node:dns';
import { type Answer, type ByteBody, piecesOf, SocketClient } from '#artifact/index.ts';
import type { ArtifactFile } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';
import type { Source } from './source.ts';

export interface PeerTiming {
  readonly connectTimeoutMs: number;
  /** Until the headers are there. */
  readonly answerTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly stallBytes: number;
}

const PEER_TIMING: PeerTiming = {
  connectTimeoutMs: 3_000,
  answerTimeoutMs: 5_000,
  stallTimeoutMs: 10_000,
  stallBytes: 16 * 1024,
};

/** Reads files by their sha256 from a ready pod of the same revision. `token` proves that the asker is one, too. */
export function peerSource(
  base: string,
  token: string | undefined,
  timing: PeerTiming = PEER_TIMING,
): Source {
  const client = new SocketClient();
  const { hostname, port } = new URL(base);
  const target = {
    secure: false,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 80 : Number(port),
    lookup,
    connectTimeoutMs: timing.connectTimeoutMs,
    bufferBytes: 1024 * 1024,
  };
  return {
    name: 'peer',
    async *read(file, start, end, signal) {
      let position = start;
      try {
        const request = {
          method: 'GET',
          path: `/windlass/v1/files/${file.sha256}`,
          headers: {
            host: `${hostname}:${target.port}`,
            range: `bytes=${start}-${end - 1}`,
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
        };
        const late = AbortSignal.timeout(timing.answerTimeoutMs);
        const answer = await client.get(request, target, AbortSignal.any([signal, late]));
        const body = checked(answer, file, start);
        for await (const piece of piecesOf(body, { skip: 0, length: end - start }, timing, signal)) {
          position += piece.length;
          yield piece;
        }
        if (position < end) throw new Error('the connection was cut');
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof FailureError) throw error;
        throw unavailable(
          `${target.host}:${target.port} gave no ${file.path}: ${causeOf(error)}. It answers once a pod of this revision is ready.`,
          error,
        );
      }
    },
  };
}

function checked({ statusCode, headers, body }: Answer, file: ArtifactFile, start: number): ByteBody {
  const [, first] = /^bytes (\d+)-/.exec(headers['content-range'] ?? '') ?? [];
  const isWanted = statusCode === 200 ? start === 0 : statusCode === 206 && Number(first) === start;
  if (isWanted && body !== undefined) return body;
  body?.giveUp(new Error('not wanted'));
  throw unavailable(`a pod of this revision answered HTTP ${statusCode} for ${file.path}.`, undefined);
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return (error as NodeJS.ErrnoException).code ?? error.message;
}

function unavailable(message: string, cause: unknown): FailureError {
  return new FailureError('SourceUnavailable', message, { cause, transient: true });
}
