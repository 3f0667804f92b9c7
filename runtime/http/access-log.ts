import type { Caller } from './caller.ts';
import { requestIdOf } from './respond.ts';

/** What an access log's line says of a request: never its body, and not its query either. */
export function accessFields(
  request: Pick<Caller, 'headers'> & { readonly method?: string | undefined },
  path: string,
  status: number,
  seconds: number,
): Readonly<Record<string, unknown>> {
  const { traceparent } = request.headers;
  return {
    requestId: requestIdOf(request),
    ...(typeof traceparent === 'string' ? { traceparent: traceparent.slice(0, 100) } : {}),
    method: request.method,
    path,
    status,
    seconds: Math.round(seconds * 1e6) / 1e6,
  };
}
