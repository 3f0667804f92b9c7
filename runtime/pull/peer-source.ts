import { Agent, get, type IncomingMessage } from 'node:http';
import type { ArtifactFile } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';
import type { Source } from './source.ts';

export interface PeerOptions {
  readonly connectTimeoutMs: number;
  /** Until the headers are there, and between two pieces of the body. */
  readonly idleTimeoutMs: number;
}

const PEER_OPTIONS: PeerOptions = { connectTimeoutMs: 3_000, idleTimeoutMs: 10_000 };

/** Reads files by their sha256 from a ready pod of the same revision. `token` proves that the asker is one, too. */
export function peerSource(
  base: string,
  token: string | undefined,
  options: PeerOptions = PEER_OPTIONS,
): Source {
  const agent = new Agent({ keepAlive: true, maxSockets: 8, timeout: 30_000 });
  return {
    name: 'peer',
    async *read(file, start, end, signal) {
      const url = new URL(`/windlass/v1/files/${file.sha256}`, base);
      let position = start;
      try {
        const response = await open(url, token, { start, end }, { agent, signal, ...options });
        checkStatus(response, file, start);
        for await (const chunk of response as AsyncIterable<Buffer>) {
          if (position + chunk.length > end) throw new Error('the peer sent more than was asked for');
          position += chunk.length;
          yield chunk;
        }
        if (position < end) throw new Error('the connection was cut');
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof FailureError) throw error;
        const cause =
          error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : 'unknown';
        throw unavailable(
          `${url.host} gave no ${file.path}: ${cause}. It answers once a pod of this revision is ready.`,
          error,
        );
      }
    },
  };
}

interface Request extends PeerOptions {
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

async function open(
  url: URL,
  token: string | undefined,
  range: { readonly start: number; readonly end: number },
  { agent, signal, connectTimeoutMs, idleTimeoutMs }: Request,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = get(
    url,
    {
      agent,
      signal,
      headers: {
        range: `bytes=${range.start}-${range.end - 1}`,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    },
    resolve,
  );
  const late = () => request.destroy(new Error('no answer in time'));
  const connecting = setTimeout(late, connectTimeoutMs);
  request.on('socket', (socket) => {
    if (socket.connecting) socket.once('connect', () => clearTimeout(connecting));
    else clearTimeout(connecting);
  });
  request.setTimeout(idleTimeoutMs, late);
  request.on('error', reject);
  try {
    return await promise;
  } finally {
    clearTimeout(connecting);
  }
}

function checkStatus(response: IncomingMessage, file: ArtifactFile, start: number): void {
  const [, first] = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '') ?? [];
  if (response.statusCode === 206 && Number(first) === start) return;
  if (response.statusCode === 200 && start === 0) return;
  response.destroy();
  throw unavailable(
    `a pod of this revision answered HTTP ${response.statusCode ?? 0} for ${file.path}.`,
    undefined,
  );
}

function unavailable(message: string, cause: unknown): FailureError {
  return new FailureError('SourceUnavailable', message, { cause, transient: true });
}
