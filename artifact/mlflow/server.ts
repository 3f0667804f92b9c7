import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { canonicalJson } from '#contract/canonical.ts';
import { FailureError } from '#contract/failure.ts';
import {
  type AddressPolicy,
  backoffMs,
  cutError,
  DEFAULT_TIMING,
  piecesOf,
  type Timing,
  withRetries,
} from '../http/index.ts';
import { MlflowClient } from './client.ts';
import type { MlflowAccess } from './connection.ts';
import { type MlflowContext, NotMlflowError, StatusError, toMlflowFailure } from './failures.ts';
import { findVersion, type RegisteredVersion } from './registry.ts';
import type { RegistryReference } from './uri.ts';

export interface MlflowOptions extends MlflowAccess {
  readonly addresses?: AddressPolicy;
  readonly timing?: Partial<Timing>;
}

/** One entry of a folder of the artifact store. */
export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
  readonly size: number;
}

/** A proxied file: where it is below the artifact root, and how messages name it. */
export interface ProxiedFile {
  readonly path: string;
  readonly size: number;
  readonly what: string;
}

/** Reading from one MLflow tracking server as one identity. Each method throws FailureError; each request has a deadline. */
export interface MlflowServer {
  /** Stands for the server, credentials and policy in the keys of caches; tells nobody what they are. */
  readonly identity: string;
  /** Host and port, for messages. */
  readonly host: string;
  /** The version that a reference names now, and where its files are. */
  find(reference: RegistryReference, signal: AbortSignal): Promise<RegisteredVersion>;
  /** What is right below a folder of the artifact root; nothing where there is no such folder. */
  list(folder: string, what: string, signal: AbortSignal): Promise<readonly FolderEntry[]>;
  /** The bytes from `start` up to but not including `end`; taken up again where a connection breaks. */
  read(file: ProxiedFile, start: number, end: number, signal: AbortSignal): AsyncIterable<Buffer>;
  close(): void;
}

/** With its artifacts in S3, MLflow fetches a file before it answers for it: at this speed at least. */
const SLOWEST_FETCH_BYTES_PER_MS = 4 * 1024;

const listSchema = z.object({
  files: z
    .array(
      z.object({
        path: z.string(),
        is_dir: z.boolean().default(false),
        file_size: z.coerce.number().int().nonnegative().default(0),
      }),
    )
    .default([]),
});

export function createMlflowServer(options: MlflowOptions): MlflowServer {
  const { url, credentials, ca, addresses = {} } = options;
  const timing: Timing = { ...DEFAULT_TIMING, ...options.timing };
  const client = new MlflowClient(options, addresses, timing);
  const failure = (error: unknown, context: Pick<MlflowContext, 'what'>) =>
    toMlflowFailure(error, { ...context, host: client.host });
  const ask = async <T>(
    path: string,
    query: Readonly<Record<string, string>>,
    schema: z.ZodType<T>,
    what: string,
    signal: AbortSignal,
  ): Promise<T> =>
    withRetries(
      timing,
      signal,
      async () => {
        const parsed = schema.safeParse(await client.json(path, query, signal));
        if (!parsed.success) throw new NotMlflowError('the answer has other fields');
        return parsed.data;
      },
      (error) => failure(error, { what }),
    );
  return {
    identity: createHash('sha256').update(canonicalJson({ url, credentials, ca, addresses })).digest('hex'),
    host: client.host,
    find: (reference, signal) => findVersion(reference, { ask, url, host: client.host }, signal),
    list: async (folder, what, signal) => {
      const { files } = await ask('mlflow-artifacts/artifacts', { path: folder }, listSchema, what, signal);
      return files.map(({ path, is_dir: isFolder, file_size: size }) => ({
        name: path.slice(path.lastIndexOf('/') + 1),
        isFolder,
        size,
      }));
    },
    read: (file, start, end, signal) => readFile(client, timing, file, { start, end }, signal),
    close: () => client.close(),
  };
}

async function* readFile(
  client: MlflowClient,
  timing: Timing,
  file: ProxiedFile,
  { start, end }: { readonly start: number; readonly end: number },
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const answerTimeoutMs = timing.requestTimeoutMs + file.size / SLOWEST_FETCH_BYTES_PER_MS;
  let position = start;
  for (let failed = 0; position < end;) {
    const before = position;
    try {
      const opened = await client.open(file.path, position, answerTimeoutMs, signal);
      if (opened.start > position) throw cutError();
      const wanted = { skip: position - opened.start, length: end - position };
      for await (const piece of piecesOf(opened.body, wanted, timing, signal)) {
        position += piece.length;
        yield piece;
      }
      if (position < end) throw cutError();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof StatusError && error.status === 416) throw shrunk(file);
      const explained = toMlflowFailure(error, { what: file.what, host: client.host });
      // Whatever moved forward earns new tries; a server that cuts each connection at once does not.
      failed = position > before ? 1 : failed + 1;
      if (!explained.transient || failed >= timing.attempts) throw explained;
      await sleep(backoffMs(timing, failed), undefined, { signal });
    }
  }
}

function shrunk({ what, size }: ProxiedFile): FailureError {
  return new FailureError(
    'DigestMismatch',
    `${what} has fewer than the ${size} bytes that it had when it was checked. Register a changed model as a new version.`,
  );
}
