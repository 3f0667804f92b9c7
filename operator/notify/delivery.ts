/** What one try came to. `why` names no URL: it may hold a secret. */
export type Try =
  | { readonly is: 'sent' }
  | { readonly is: 'failed'; readonly again: boolean; readonly why: string; readonly retryAfterMs?: number };

const TOO_MANY_REQUESTS = 429;
const SERVER_ERROR = 500;

/** Posts a JSON body. Never throws. */
export async function post(url: URL, body: string, id: string, timeoutMs: number): Promise<Try> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      // The same for all tries, so that a receiver can tell a repetition from news.
      headers: {
        'content-type': 'application/json',
        'user-agent': 'windlass-operator',
        'idempotency-key': id,
      },
      // A redirect would carry the body, and what the URL holds, to somebody that nobody named.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    return judge(response.status, response.headers.get('retry-after'));
  } catch (error) {
    return { is: 'failed', again: true, why: codeOf(error) };
  }
}

function judge(status: number, retryAfter: string | null): Try {
  if (status >= 200 && status < 300) return { is: 'sent' };
  const again = status === TOO_MANY_REQUESTS || status >= SERVER_ERROR;
  const seconds = Number(retryAfter ?? Number.NaN);
  const wait = again && Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {};
  return { is: 'failed', again, why: `it answered ${String(status)}`, ...wait };
}

/** The error's code alone: messages quote host names and addresses. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? `no answer (${code})` : 'no answer';
}
