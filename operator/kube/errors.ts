/** What an error of the API means for whoever made the call. */
export type KubeErrorKind =
  'conflict' | 'alreadyExists' | 'notFound' | 'gone' | 'forbidden' | 'invalid' | 'transient' | 'terminal';

/** The parts of a metav1.Status that matter here. */
export interface StatusBody {
  readonly kind?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly {
      readonly reason?: string;
      readonly message?: string;
      readonly field?: string;
    }[];
  };
}

interface KubeErrorOptions {
  readonly status?: number | undefined;
  readonly reason?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly details?: StatusBody['details'] | undefined;
  readonly cause?: unknown;
}

export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly kind: KubeErrorKind;
  /** HTTP status; absent where no answer came. */
  readonly status: number | undefined;
  /** The Status object's reason: AlreadyExists, Conflict, Expired, ... */
  readonly reason: string | undefined;
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined;
  readonly details: StatusBody['details'] | undefined;

  constructor(kind: KubeErrorKind, message: string, options: KubeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.status = options.status;
    this.reason = options.reason;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }
}

/** The one table of what an answer means: by reason where the server gives one, then by status. */
const kindByReason: Readonly<Record<string, KubeErrorKind>> = {
  AlreadyExists: 'alreadyExists',
  Conflict: 'conflict',
  NotFound: 'notFound',
  Gone: 'gone',
  Expired: 'gone',
  Invalid: 'invalid',
  BadRequest: 'invalid',
  RequestEntityTooLarge: 'invalid',
  Forbidden: 'forbidden',
  // A token may be between two rotations; the next attempt reads the file again.
  Unauthorized: 'transient',
  TooManyRequests: 'transient',
  ServerTimeout: 'transient',
  Timeout: 'transient',
  ServiceUnavailable: 'transient',
  InternalError: 'transient',
  StorageReadError: 'transient',
  MethodNotAllowed: 'terminal',
  NotAcceptable: 'terminal',
  UnsupportedMediaType: 'terminal',
};

const kindByStatus: Readonly<Record<number, KubeErrorKind>> = {
  400: 'invalid',
  401: 'transient',
  403: 'forbidden',
  404: 'notFound',
  405: 'terminal',
  406: 'terminal',
  408: 'transient',
  409: 'conflict',
  410: 'gone',
  413: 'invalid',
  415: 'terminal',
  422: 'invalid',
  425: 'transient',
  429: 'transient',
};

export function errorKind(status: number, reason: string | undefined): KubeErrorKind {
  const byReason = reason === undefined ? undefined : kindByReason[reason];
  return byReason ?? kindByStatus[status] ?? (status >= 500 ? 'transient' : 'terminal');
}

/** Milliseconds of a Retry-After header: seconds, or a date. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1000 : undefined;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** The error of an answer with status 400 or above, or of a watch's ERROR event. */
export function errorFromStatus(
  what: string,
  status: number,
  body: StatusBody | undefined,
  retryAfter?: number,
): KubeError {
  const reason = body?.reason === '' ? undefined : body?.reason;
  const seconds = body?.details?.retryAfterSeconds;
  const message = body?.message ?? `HTTP ${String(status)}`;
  return new KubeError(errorKind(status, reason), `${what}: ${message}`, {
    status,
    reason,
    retryAfterMs: retryAfter ?? (seconds === undefined ? undefined : seconds * 1000),
    details: body?.details,
  });
}

/** No answer came: refused, reset, timed out. */
export function connectionError(what: string, cause: unknown): KubeError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new KubeError('transient', `${what}: no answer from the API server: ${said}`, { cause });
}

export function isKubeError(error: unknown, kind?: KubeErrorKind): error is KubeError {
  return error instanceof KubeError && (kind === undefined || error.kind === kind);
}
