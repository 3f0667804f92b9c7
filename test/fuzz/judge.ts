import type { WireAnswer } from './answers.ts';
import type { FuzzCase, SentRequest } from './case.ts';
import type { Outcome } from './wire.ts';

export type ErrorShape = 'windlass' | 'detail' | 'v2';

/** What a client may never see: places in sources, stacks, values of the wrong language. */
const LEAK = /\bat \S+ \(|\.ts:\d+|\.mjs:\d+|node_modules|node:internal|\[object |onnxruntime_src/;

/** Why an outcome is wrong, in a few words that are the same for the same fault; undefined where nothing is. */
export function fault(fuzzCase: FuzzCase, outcome: Outcome, shape: ErrorShape): string | undefined {
  const { requests, ending } = fuzzCase;
  const { parsed, end } = outcome;
  if (end === 'refused') return 'the server takes no connection';
  if (ending === 'reset') return undefined;
  if (parsed.kind === 'broken' && end !== 'reset') return `an answer is not HTTP/1.1: ${parsed.problem}`;
  if (end === 'silent') return `there is no ${parsed.answers.length === 0 ? '' : 'further '}answer`;
  for (const [index, answer] of parsed.answers.entries()) {
    const problem = answerFault(answer, requests?.[index], shape);
    if (problem !== undefined) return problem;
  }
  // Node takes a client that closes its side for one that has gone, and what it still computes is not sent.
  if (requests === undefined || ending === 'close') return undefined;
  // What was sent after a request that ends the connection may reset it, and take answers with it that nobody has read.
  if (end === 'reset' && requests.length > 1) return undefined;
  return countFault(requests, parsed.answers);
}

/** Each whole request has one answer, up to one that ends the connection. */
function countFault(requests: readonly SentRequest[], answers: readonly WireAnswer[]): string | undefined {
  if (answers.length > requests.length) return 'there are more answers than requests';
  if (answers.length === requests.length) return undefined;
  if (answers.at(-1)?.headers.get('connection')?.toLowerCase() === 'close') return undefined;
  // Node ends the connection of a CONNECT without a word, which is what a server that is no proxy may do.
  if (requests[answers.length]?.method === 'CONNECT') return undefined;
  return `request ${answers.length + 1} of ${requests.length} has no answer`;
}

function answerFault(
  answer: WireAnswer,
  request: SentRequest | undefined,
  shape: ErrorShape,
): string | undefined {
  const { status, headers } = answer;
  const where = request === undefined ? '' : ` of ${request.method} ${routeOf(request.path)}`;
  if (status >= 500 && status !== 503) return `status ${status}${where}: ${messageOf(answer)}`;
  // A page that the client says it has.
  if (status === 304) return undefined;
  if (status < 200 || (status >= 300 && status < 400)) return `status ${status}${where}`;
  if (request?.method === 'HEAD') return undefined;
  const text = answer.body.toString();
  if (status >= 400 && LEAK.test(text))
    return `an error${where} tells of the server's insides: ${messageOf(answer)}`;
  if (!(headers.get('content-type') ?? '').startsWith('application/json')) {
    return status >= 400 ? `the error ${status}${where} is not JSON` : undefined;
  }
  const bodyStart = Number(headers.get('inference-header-content-length') ?? Number.NaN);
  const body = parse(Number.isNaN(bodyStart) ? text : answer.body.toString('utf8', 0, bodyStart));
  if (body === undefined) return `the answer ${status}${where} is not JSON`;
  if (status >= 400) return shapeFault(status, body, request, shape, where);
  return tensorFault(body, where);
}

function shapeFault(
  status: number,
  body: unknown,
  request: SentRequest | undefined,
  model: ErrorShape,
  where: string,
): string | undefined {
  // A request that did not arrive in time may have had no path yet.
  const wanted =
    request === undefined || status === 408 ? undefined : request.path.startsWith('/v2') ? 'v2' : model;
  const fits =
    wanted === undefined
      ? isV2Error(body) || isWindlassError(body) || isDetailError(body)
      : wanted === 'v2'
        ? isV2Error(body)
        : wanted === 'windlass'
          ? isWindlassError(body)
          : isDetailError(body);
  if (!fits) return `the error ${status}${where} has not the shape ${wanted ?? 'of an error'}`;
  if (status === 422 && isWindlassError(body) && body.code === 'InvalidInput' && body.details.length === 0) {
    return `the error ${status}${where} names no field`;
  }
  return undefined;
}

interface WindlassError {
  readonly error: string;
  readonly code: string;
  readonly details: readonly { readonly path: string; readonly message: string }[];
}

function isV2Error(body: unknown): boolean {
  return isFields(body) && Object.keys(body).length === 1 && isText(body['error']);
}

function isWindlassError(body: unknown): body is WindlassError {
  if (!isFields(body) || !isText(body['error']) || !isText(body['code'])) return false;
  const { details } = body;
  return Array.isArray(details) && details.every((entry) => isFields(entry) && isText(entry['message']));
}

function isDetailError(body: unknown): boolean {
  if (!isFields(body)) return false;
  const { detail } = body;
  if (isText(detail)) return true;
  return (
    Array.isArray(detail) &&
    detail.length > 0 &&
    detail.every((entry) => isFields(entry) && isText(entry['msg']) && Array.isArray(entry['loc']))
  );
}

/** An inference's answer must hold as many elements as its shapes say. */
function tensorFault(body: unknown, where: string): string | undefined {
  if (!isFields(body) || !Array.isArray(body['outputs']) || !('model_version' in body)) return undefined;
  for (const output of body['outputs'] as unknown[]) {
    if (!isFields(output) || !Array.isArray(output['shape'])) return `an output${where} has no shape`;
    if (!Array.isArray(output['data'])) continue;
    const count = (output['shape'] as number[]).reduce((product, size) => product * size, 1);
    if (count !== output['data'].length) return `an output${where} has another size than its shape`;
  }
  return undefined;
}

/** The message without what differs from case to case, so that one fault is counted once. */
function messageOf({ body }: WireAnswer): string {
  return body.toString('utf8', 0, 300).replaceAll(/[0-9a-f-]{36}|\d+/g, '#');
}

/** A path's route, for messages. */
export function routeOf(path: string): string {
  const [plain = ''] = path.split('?');
  return plain.replace(/^(\/v2\/models)\/[^/]*(\/versions\/[^/]*)?/, '$1/:name').slice(0, 60);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
