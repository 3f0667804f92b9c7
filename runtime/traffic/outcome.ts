/** Where requests are passed to. */
export type ForwardTarget = 'stable' | 'candidate';

/** How one try to forward a request ended. `ok` went to the client; every other was answered here instead. */
export type ForwardOutcome =
  | 'ok'
  | 'connect'
  | 'reset'
  | 'timeout'
  | 'server_error'
  | 'throttled'
  | 'rejected'
  | 'too_large'
  | 'malformed'
  | 'skipped';

export type FailedOutcome = Exclude<ForwardOutcome, 'ok'>;

/** What a status of the other revision means for the request that was forwarded. */
export type Verdict = 'answer' | 'server_error' | 'throttled' | 'compare';

/** `compare`: a 4xx counts as a failure only if this pod itself accepts the input. */
export function judgeStatus(status: number): Verdict {
  if (status >= 200 && status < 300) return 'answer';
  if (status === 429) return 'throttled';
  return status >= 400 && status < 500 ? 'compare' : 'server_error';
}

const CONNECT_CODES = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
]);

/** What an error of undici means. */
export function failureOf(error: unknown): 'connect' | 'reset' | 'timeout' | 'malformed' {
  const { name, code } = describe(error);
  if (name === 'TimeoutError' || name === 'AbortError' || /_(HEADERS|BODY)_TIMEOUT$/.test(code))
    return 'timeout';
  if (name === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW') return 'malformed';
  return CONNECT_CODES.has(code) ? 'connect' : 'reset';
}

function describe(error: unknown): { readonly name: string; readonly code: string } {
  if (!(error instanceof Error)) return { name: '', code: '' };
  return { name: error.name, code: 'code' in error ? String(error.code) : '' };
}
