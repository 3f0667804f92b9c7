import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How the numbers of an answer are found, to compare them with what the model gives. */
export type AnswerShape =
  /** A field of a JSON object; of each element of the array `list` where there is one. */
  | { readonly kind: 'field'; readonly name: string; readonly list?: string }
  /** `data` of the named output of a V2 answer. */
  | { readonly kind: 'v2'; readonly output: string }
  /** The float32 values at the end of a V2 answer. */
  | { readonly kind: 'v2Binary' };

/** One request that the load rotates over, with the numbers that a right answer has. */
export interface PlannedRequest {
  readonly body: Uint8Array;
  readonly expected: readonly number[];
  /** Beside content-type, where it differs from request to request. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Workload {
  readonly path: string;
  readonly contentType: string;
  readonly answer: AnswerShape;
  readonly tolerance: number;
  readonly requests: readonly PlannedRequest[];
}

/** What the load's process reads: every request's bytes in one file, and where each lies in it. */
export interface WorkloadIndex {
  readonly answer: AnswerShape;
  readonly tolerance: number;
  readonly requests: readonly {
    readonly from: number;
    readonly to: number;
    readonly expected: readonly number[];
  }[];
}

export interface WorkloadFiles {
  readonly index: string;
  readonly bytes: string;
}

/** Writes a workload as whole HTTP/1.1 requests, ready to be sent. */
export async function writeWorkload(
  workload: Workload,
  folder: string,
  name: string,
): Promise<WorkloadFiles> {
  const files = { index: join(folder, `${name}.json`), bytes: join(folder, `${name}.bin`) };
  const parts: Uint8Array[] = [];
  let at = 0;
  const requests = workload.requests.map(({ body, headers, expected }) => {
    const head = Buffer.from(requestHead(workload, body.byteLength, headers));
    parts.push(head, body);
    const from = at;
    at += head.byteLength + body.byteLength;
    return { from, to: at, expected };
  });
  const index: WorkloadIndex = { answer: workload.answer, tolerance: workload.tolerance, requests };
  await writeFile(files.index, JSON.stringify(index));
  await writeFile(files.bytes, Buffer.concat(parts));
  return files;
}

function requestHead(
  { path, contentType }: Workload,
  length: number,
  headers: Readonly<Record<string, string>> = {},
): string {
  return [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    'user-agent: windlass-bench',
    'accept: */*',
    `content-type: ${contentType}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${length}`,
    '\r\n',
  ].join('\r\n');
}
