/** Where in a request's body: field names and indexes. */
export type Path = readonly (string | number)[];

export interface Problem {
  readonly path: Path;
  readonly message: string;
}

/** What is wrong with a request, by what the caller has to change. */
export type ErrorCode =
  | 'InvalidRequest'
  | 'InvalidJson'
  | 'InvalidInput'
  | 'InvalidImage'
  | 'InputRefusedByModel'
  | 'AnswerNotFinite'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'UnsupportedMediaType'
  | 'Unsupported'
  | 'BodyTooLarge'
  | 'ImageTooLarge'
  | 'HeadersTooLarge'
  | 'RequestTimeout'
  | 'ClientClosedRequest'
  | 'ModelUnavailable'
  | 'Overloaded'
  | 'Internal';

/** An answer other than 2xx. `message` is for the caller: what, where, the value, the limit, what to do. */
export class RequestError extends Error {
  readonly status: number;
  readonly code: ErrorCode;
  readonly problems: readonly Problem[];
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    more: { problems?: readonly Problem[]; headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = 'RequestError';
    this.status = status;
    this.code = code;
    this.problems = more.problems ?? [];
    this.headers = more.headers ?? {};
  }
}

/** windlass: {error, code, details}; detail: as FastAPI has it; v2: the Open Inference Protocol's {error}. */
export type ErrorShape = 'windlass' | 'detail' | 'v2';

/** At most this many problems are kept; one bad column of a batch of 1,000 rows says enough with a few. */
const MAX_PROBLEMS = 100;

export function report(problems: Problem[], path: Path, message: string): void {
  if (!isFull(problems)) problems.push({ path, message });
}

/** More would not be kept: a list of millions need not be read to its end. */
export function isFull(problems: readonly Problem[]): boolean {
  return problems.length >= MAX_PROBLEMS;
}

/** The body of an error's answer. */
export function errorBody(error: RequestError, shape: ErrorShape): string {
  const { problems } = error;
  switch (shape) {
    case 'windlass':
      return JSON.stringify({
        error: error.message,
        code: error.code,
        details: problems.map(({ path, message }) => ({ path: pathText(path), message })),
      });
    case 'detail':
      return JSON.stringify({ detail: problems.length === 0 ? error.message : problems.map(fastApiProblem) });
    default:
      return JSON.stringify({ error: [error.message, ...problems.map(problemText)].join('; ') });
  }
}

/** The entries of FastAPI's 422 body. */
function fastApiProblem({ path, message }: Problem): object {
  return { loc: ['body', ...path], msg: message, type: 'value_error' };
}

function problemText({ path, message }: Problem): string {
  return path.length === 0 ? message : `${pathText(path)}: ${message}`;
}

/** customers[3].Age */
export function pathText(path: Path): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

/** What a request has where a message says what is wanted. */
export function found(value: unknown): string {
  return value === undefined ? 'it is missing' : `got ${quote(value)}`;
}

/** A value as an error message may quote it: short, and never deep. */
export function quote(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  switch (typeof value) {
    case 'string':
      return `string ${JSON.stringify(value.slice(0, 60))}${value.length > 60 ? ' ...' : ''}`;
    case 'number':
    case 'bigint':
    case 'boolean':
      return `${typeof value} ${value}`;
    default:
      return typeof value === 'object' ? 'an object' : typeof value;
  }
}
