import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type S3Client,
  type GetObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { canonicalJson } from '#contract/canonical.ts';
import { FailureError } from '#contract/failure.ts';
import { createClients } from './client.ts';
import { type S3Access, THE_SECRET } from './connection.ts';
import { type S3Context, toFailure } from './failures.ts';
import {
  type AddressPolicy,
  type ByteBody,
  bodyOf,
  DEFAULT_TIMING,
  type Timing,
  withDeadline,
  withRetries,
} from '../http/index.ts';
import type { ObjectLocation } from './uri.ts';

/** One state of one object. `etag` is as the store gives it, with its quotes. */
export interface ObjectInfo {
  readonly size: number;
  readonly etag?: string;
  readonly versionId?: string;
}

/** The answer to one GET: the whole object's `info`, and the bytes from `start` on. */
export interface OpenObject {
  readonly info: ObjectInfo;
  readonly start: number;
  readonly body: ByteBody;
}

export interface OpenOptions {
  readonly signal: AbortSignal;
  /** First and last byte, both included. */
  readonly range?: { readonly start: number; readonly end?: number };
  readonly ifMatch?: string;
}

export interface S3Options extends S3Access {
  /**
   * Read as the process's own identity where no keys are given (IRSA, pod identity). Never set by the operator, which
   * must not lend its own identity to a tenant.
   */
  readonly podIdentity?: boolean;
  readonly addresses?: AddressPolicy;
  readonly timing?: Partial<Timing>;
  /** Memory of each connection that objects are read over. More means fewer turns for each gigabyte. */
  readonly bufferBytes?: number;
}

const BUFFER_BYTES = 128 * 1024;

/** Reading from one S3 service as one identity. Each method throws FailureError; each request has a deadline. */
export interface S3Store {
  /** Stands for endpoint, credentials and policy in the keys of caches; tells nobody what they are. */
  readonly identity: string;
  readonly timing: Timing;
  context(location: ObjectLocation): S3Context;
  head(location: ObjectLocation, signal: AbortSignal): Promise<ObjectInfo>;
  /** One request, no retries: the errors are S3's own. `readObject` makes a whole, resumed stream of it. */
  open(location: ObjectLocation, options: OpenOptions): Promise<OpenObject>;
  /** Up to 1,000 keys and common prefixes (ending in `/`) right below a prefix. */
  list(bucket: string, prefix: string, signal: AbortSignal): Promise<readonly string[]>;
  close(): void;
}

export function createS3Store(options: S3Options): S3Store {
  const {
    connection,
    credentials,
    podIdentity = false,
    addresses = {},
    bufferBytes = BUFFER_BYTES,
  } = options;
  if (credentials === undefined && connection.anonymous !== true && !podIdentity) {
    const secret = options.secretName === undefined ? THE_SECRET : `Secret ${options.secretName}`;
    throw new FailureError(
      'AccessDenied',
      `There is no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in ${secret}. ` +
        'Add them, or leave spec.model.credentials out to read as the service account of the pod.',
    );
  }
  const timing: Timing = { ...DEFAULT_TIMING, ...options.timing };
  const { client, reader, destroy } = createClients(options, { addresses, timing, bufferBytes });
  const endpoint = connection.endpoint === undefined ? 'AWS S3' : new URL(connection.endpoint).host;
  const context = (location: ObjectLocation): S3Context => ({ location, endpoint, ...timing });

  const open = async (
    location: ObjectLocation,
    { range, ifMatch, signal }: OpenOptions,
  ): Promise<OpenObject> => {
    const command = new GetObjectCommand({
      Bucket: location.bucket,
      Key: location.key,
      VersionId: location.versionId,
      IfMatch: ifMatch,
      Range: range === undefined ? undefined : `bytes=${range.start}-${range.end ?? ''}`,
    });
    const answer = await withDeadline(timing.requestTimeoutMs, signal, (inner) =>
      reader.send(command, { abortSignal: inner }),
    );
    return opened(answer);
  };

  return {
    identity: createHash('sha256')
      .update(canonicalJson({ connection, credentials, addresses, podIdentity }))
      .digest('hex'),
    timing,
    context,
    open,
    head: (location, signal) =>
      withRetries(
        timing,
        signal,
        () => head(client, location, timing, signal, open),
        (error) => toFailure(error, context(location)),
      ),
    list: (bucket, prefix, signal) =>
      withRetries(
        timing,
        signal,
        async () => {
          const command = new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            Delimiter: '/',
            MaxKeys: 1000,
          });
          const answer = await withDeadline(timing.requestTimeoutMs, signal, (inner) =>
            client.send(command, { abortSignal: inner }),
          );
          const keys = [
            ...(answer.CommonPrefixes ?? []).map((item) => item.Prefix),
            ...(answer.Contents ?? []).map((item) => item.Key),
          ];
          return keys.filter((key) => key !== undefined);
        },
        (error) => toFailure(error, context({ bucket, key: prefix })),
      ),
    close: destroy,
  };
}

/** HEAD's answers have no body and so no code; a GET of one byte tells what was wrong. */
async function head(
  client: S3Client,
  location: ObjectLocation,
  timing: Timing,
  signal: AbortSignal,
  open: S3Store['open'],
): Promise<ObjectInfo> {
  const command = new HeadObjectCommand({
    Bucket: location.bucket,
    Key: location.key,
    VersionId: location.versionId,
  });
  try {
    const answer = await withDeadline(timing.requestTimeoutMs, signal, (inner) =>
      client.send(command, { abortSignal: inner }),
    );
    return info(answer, answer.ContentLength ?? 0);
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === undefined || status < 300 || status >= 500) throw error;
    const { body } = await open(location, { signal, range: { start: 0, end: 0 } });
    body.giveUp(new Error('only the headers were wanted'));
    throw error;
  }
}

function opened(answer: GetObjectCommandOutput): OpenObject {
  const body = bodyOf(answer.Body as unknown as Readable);
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.ContentRange ?? '') ?? [];
  if (first !== undefined && total !== undefined) {
    return { info: info(answer, Number(total)), start: Number(first), body };
  }
  return { info: info(answer, answer.ContentLength ?? Number.NaN), start: 0, body };
}

function info(
  answer: { readonly ETag?: string | undefined; readonly VersionId?: string | undefined },
  size: number,
): ObjectInfo {
  return {
    size,
    ...(answer.ETag === undefined ? {} : { etag: answer.ETag }),
    // Stores without versioning say "null", which pins nothing.
    ...(answer.VersionId === undefined || answer.VersionId === 'null' ? {} : { versionId: answer.VersionId }),
  };
}

/** A store that nobody may read, for when it is not known beforehand whether one is needed; `refusal` names the place. */
export function refusingStore(refusal: (place: string) => FailureError): S3Store {
  const refuse = async ({ bucket, key }: ObjectLocation): Promise<never> => {
    throw refusal(`s3://${bucket}/${key}`);
  };
  return {
    identity: 'none',
    timing: DEFAULT_TIMING,
    context: (location) => ({ location, endpoint: 'none', ...DEFAULT_TIMING }),
    head: refuse,
    open: refuse,
    list: (bucket, prefix) => refuse({ bucket, key: prefix }),
    close: () => undefined,
  };
}
