import { FailureError, type FailureReason } from '#contract/failure.ts';
import { StallError } from '../http/index.ts';

/** What was being read, for messages: `what` is a model, a version or a file. */
export interface MlflowContext {
  readonly what: string;
  /** The tracking server's host and port. */
  readonly host: string;
}

/** An answer that is no success. What its body says is never quoted. */
export class StatusError extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`HTTP ${status}`);
    this.status = status;
  }
}

/** An answer of another kind than MLflow's. */
export class NotMlflowError extends Error {}

interface Meaning {
  readonly reason: FailureReason;
  /** Whether the same request may succeed soon. */
  readonly retry?: true;
  readonly says: string;
}

const away = (says: string): Meaning => ({ reason: 'SourceUnavailable', retry: true, says });
/** Comes back later at best: no use in asking again within the same second. */
const broken = (says: string): Meaning => ({ reason: 'SourceUnavailable', says });
const denied = (says: string): Meaning => ({ reason: 'AccessDenied', says });

const CODES: Readonly<Record<string, Meaning>> = {
  ENOTFOUND: away('the name of the server does not resolve. Check MLFLOW_TRACKING_URI and DNS.'),
  EAI_AGAIN: away('DNS does not answer.'),
  ECONNREFUSED: away('nothing listens there. Check MLFLOW_TRACKING_URI and that the server runs.'),
  ECONNRESET: away('the connection was cut.'),
  EPIPE: away('the connection was cut.'),
  ECONNABORTED: away('the connection was cut.'),
  ETIMEDOUT: away('no connection came about. Check network policies and that the server runs.'),
  EHOSTUNREACH: away('no route leads there. Check MLFLOW_TRACKING_URI and network policies.'),
  ENETUNREACH: away('no route leads there. Check MLFLOW_TRACKING_URI and network policies.'),
  EPROTO: broken(
    'the TLS handshake failed; a server that speaks plain HTTP wants http:// in MLFLOW_TRACKING_URI.',
  ),
  CERT_HAS_EXPIRED: broken("the server's certificate has expired. Renew it."),
  ERR_TLS_CERT_ALTNAME_INVALID: broken(
    "the server's certificate is for another name. Use the name that it holds in MLFLOW_TRACKING_URI.",
  ),
};
const UNTRUSTED = broken(
  "the server's certificate is signed by an authority that is not trusted. Put its PEM into the Secret's key ca.crt; verification is never turned off.",
);
const UNTRUSTED_CODES = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);
const NOT_MLFLOW = broken(
  "what answers is not MLflow's REST API (a login page, or another service). Check MLFLOW_TRACKING_URI: it is the server's own address, and the path before /api/2.0 where it has one.",
);

const BY_STATUS: readonly (readonly [(status: number) => boolean, Meaning])[] = [
  [
    (status) => status >= 300 && status < 400,
    denied(
      'the server answers with a redirect, which is not followed. Set MLFLOW_TRACKING_URI to where it leads; a login page means that a token is needed.',
    ),
  ],
  [
    (status) => status === 401,
    denied(
      'the server does not accept the credentials. Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, in the credentials Secret.',
    ),
  ],
  [
    (status) => status === 403,
    denied(
      'the credentials are known but may not read it, or the server does not accept this host name. Grant READ on the registered model and on its experiment, and let --allowed-hosts of the MLflow server name the host.',
    ),
  ],
  [(status) => status === 404, { reason: 'NotFound', says: 'there is no such thing.' }],
  [(status) => status === 408, away('the server gave up waiting.')],
  [(status) => status === 429, away('the server asks for fewer requests.')],
  [
    (status) => status === 503,
    away(
      'the server is overloaded, or it serves no artifacts (--no-serve-artifacts). Start it with --serve-artifacts, or register versions whose source is s3://.',
    ),
  ],
  [
    (status) => status >= 500,
    away(
      'the server has a problem of its own. See its log; its database and its artifact store may be away.',
    ),
  ],
  [
    (status) => status >= 400,
    broken(
      'the server refuses the request. Check the name in spec.model.uri and the version of MLflow (2.3 or later).',
    ),
  ],
];

/** Turns whatever a request threw into a FailureError whose message says what, where, why and what to do. */
export function toMlflowFailure(error: unknown, context: MlflowContext): FailureError {
  const refused = nested(error).find((cause) => cause instanceof FailureError);
  if (refused instanceof FailureError) return refused;
  const { reason, retry, says } = meaningOf(error);
  const http = error instanceof StatusError ? ` (HTTP ${error.status})` : '';
  return new FailureError(
    reason,
    `Cannot read ${context.what} at the MLflow server ${context.host}${http}: ${says}`,
    { cause: error, transient: retry === true },
  );
}

function meaningOf(error: unknown): Meaning {
  for (const cause of nested(error)) {
    if (cause instanceof NotMlflowError) return NOT_MLFLOW;
    if (cause instanceof StallError) return away(cause.message);
    if (cause instanceof StatusError) {
      const found = BY_STATUS.find(([matches]) => matches(cause.status));
      return found?.[1] ?? NOT_MLFLOW;
    }
    const { code } = cause as { code?: unknown };
    if (typeof code !== 'string') continue;
    if (UNTRUSTED_CODES.has(code)) return UNTRUSTED;
    if (Object.hasOwn(CODES, code)) return CODES[code] as Meaning;
    if (code.startsWith('HPE_')) return NOT_MLFLOW;
  }
  return away('the connection failed.');
}

/** The error, its causes and the errors of an AggregateError (a name with several addresses), outermost first. */
function nested(error: unknown): readonly Error[] {
  const found: Error[] = [];
  let layer: unknown[] = [error];
  for (let depth = 0; depth < 5; depth += 1) {
    const errors = layer.filter((item) => item instanceof Error);
    found.push(...errors);
    layer = errors.flatMap((item) => [item.cause].concat(item instanceof AggregateError ? item.errors : []));
  }
  return found;
}
