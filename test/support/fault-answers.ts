/** An error as a busy or conflicting API server gives it. */
export interface ErrorStatus {
  readonly status: number;
  readonly reason: string;
  /** Seconds of the Retry-After header. */
  readonly retryAfter?: number;
}

export const errorStatuses: readonly ErrorStatus[] = [
  { status: 409, reason: 'Conflict' },
  { status: 429, reason: 'TooManyRequests', retryAfter: 1 },
  { status: 500, reason: 'InternalError' },
  { status: 503, reason: 'ServiceUnavailable' },
];

export function statusObject(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}
