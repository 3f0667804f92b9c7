import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { isKubernetesStatus, isOfApiServer, refusedApiServer } from '../http/index.ts';
import { S3_SERVICE } from './service.ts';

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
  if (isOfApiServer(headers)) {
    (answer.body as Readable | undefined)?.destroy();
    throw refusedApiServer(S3_SERVICE, endpoint);
  }
  const length = Number(headers.get('content-length') ?? Number.NaN);
  const isJson = /^application\/json\b/i.test(headers.get('content-type') ?? '');
  if (answer.statusCode < 300 || !isJson || !(length > 0 && length <= MAX_STATUS_BYTES)) return;
  const text = await textOf(answer.body as Readable);
  if (isKubernetesStatus(text)) throw refusedApiServer(S3_SERVICE, endpoint);
  // An error of S3 is XML; what this one says is of no use, but its number is.
  throw Object.assign(new Error('an answer in JSON'), { $metadata: { httpStatusCode: answer.statusCode } });
}

async function textOf(body: Readable): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(Buffer.from(part as Uint8Array));
  return Buffer.concat(parts).toString();
}
