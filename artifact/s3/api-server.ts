import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { FailureError } from '#contract/failure.ts';

/** Headers of a Kubernetes API server's answers, and of nothing else's. */
const HEADERS = ['audit-id', 'x-kubernetes-pf-flowschema-uid', 'x-kubernetes-pf-prioritylevel-uid'];
/** A Status is a few hundred bytes long; nothing longer is read to find out. */
const MAX_STATUS_BYTES = 64 * 1024;

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

/**
 * Refuses the answers of a Kubernetes API server, whatever address it was reached at: the addresses that are known
 * beforehand are never all that it has.
 */
export function refuseApiServers(client: S3Client, endpoint: string): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      await checkAnswer(result.response as Answer, endpoint);
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'refuseApiServers' },
  );
}

async function checkAnswer(answer: Answer, endpoint: string): Promise<void> {
  const headers = new Map(Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value]));
  if (HEADERS.some((name) => headers.has(name))) {
    (answer.body as Readable | undefined)?.destroy();
    throw apiServer(endpoint);
  }
  const length = Number(headers.get('content-length') ?? Number.NaN);
  const isJson = /^application\/json\b/i.test(headers.get('content-type') ?? '');
  if (answer.statusCode < 300 || !isJson || !(length > 0 && length <= MAX_STATUS_BYTES)) return;
  const text = await textOf(answer.body as Readable);
  if (isStatus(text)) throw apiServer(endpoint);
  // An error of S3 is XML; what this one says is of no use, but its number is.
  throw Object.assign(new Error('an answer in JSON'), { $metadata: { httpStatusCode: answer.statusCode } });
}

async function textOf(body: Readable): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(Buffer.from(part as Uint8Array));
  return Buffer.concat(parts).toString();
}

function isStatus(text: string): boolean {
  try {
    const value = JSON.parse(text) as { readonly kind?: unknown; readonly apiVersion?: unknown } | null;
    return value?.kind === 'Status' && typeof value.apiVersion === 'string';
  } catch {
    return false;
  }
}

function apiServer(endpoint: string): FailureError {
  return new FailureError(
    'AccessDenied',
    `The S3 endpoint ${endpoint} is a Kubernetes API server, not an S3 store. ` +
      'Set AWS_ENDPOINT_URL in the credentials Secret to the address of the S3 service.',
    { transient: false },
  );
}
