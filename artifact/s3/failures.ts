import { FailureError, type FailureReason } from '#contract/failure.ts';
import { StallError } from '../http/index.ts';
import { describeObject, type ObjectLocation } from './uri.ts';

/** What was being done, for messages. */
export interface S3Context {
  readonly location: ObjectLocation;
  /** The endpoint's host and port, or "AWS S3". */
  readonly endpoint: string;
  readonly requestTimeoutMs: number;
  readonly stallTimeoutMs: number;
}

/** A row of the table: the reason, what it means, and what to do. `retry`: whether the same request may succeed soon. */
interface Meaning {
  readonly reason: FailureReason;
  readonly retry?: true;
  readonly says: string;
}

const denied = (says: string): Meaning => ({ reason: 'AccessDenied', says });
const missing = (says: string): Meaning => ({ reason: 'NotFound', says });
const away = (says: string): Meaning => ({ reason: 'SourceUnavailable', retry: true, says });
/** Comes back later at best: no use in asking again within the same second. */
const broken = (says: string): Meaning => ({ reason: 'SourceUnavailable', says });

/** S3's error codes. A code that is not here is judged by the HTTP status alone, and never quoted. */
const CODES: Readonly<Record<string, Meaning>> = {
  NoSuchBucket: missing('the bucket does not exist. Check the bucket in spec.model.uri and the endpoint.'),
  NoSuchKey: missing('there is no such object.'),
  NoSuchVersion: missing(
    'there is no such version of the object. Drop spec.model.versionId, or name one that exists.',
  ),
  MethodNotAllowed: missing('that version is a delete marker. Name another spec.model.versionId.'),
  InvalidVersionId: missing('spec.model.versionId is not a version id of this store.'),
  InvalidAccessKeyId: denied('the store does not know AWS_ACCESS_KEY_ID. Check the credentials Secret.'),
  SignatureDoesNotMatch: denied(
    'the signature is wrong: AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID. Check the credentials Secret.',
  ),
  AccessDenied: denied(
    'the credentials are known but may not read it. Grant s3:GetObject (and s3:GetObjectVersion for a pinned version); without s3:ListBucket a missing object looks the same.',
  ),
  AllAccessDisabled: denied('the store has disabled all access to it.'),
  AccountProblem: denied('the store has a problem with the account of these credentials.'),
  ExpiredToken: denied('AWS_SESSION_TOKEN has expired. Renew the credentials Secret.'),
  InvalidToken: denied('AWS_SESSION_TOKEN is not valid. Renew the credentials Secret.'),
  TokenRefreshRequired: denied('AWS_SESSION_TOKEN has to be renewed.'),
  InvalidObjectState: denied('the object is archived (Glacier). Restore it first.'),
  CredentialsProviderError: denied(
    'there are no credentials. Name a Secret in spec.model.credentials, or give the service account an identity that may read the bucket (IRSA, pod identity).',
  ),
  AuthorizationHeaderMalformed: denied(
    'the bucket is in another region. Set AWS_REGION to the region of the bucket.',
  ),
  PermanentRedirect: denied('the bucket is in another region. Set AWS_REGION to the region of the bucket.'),
  RequestTimeTooSkewed: broken(
    "the store's clock and ours differ by more than 15 minutes. Set the clocks (NTP).",
  ),
  SlowDown: away('the store asks for fewer requests (throttling).'),
  ServiceUnavailable: away('the store is overloaded.'),
  InternalError: away('the store has an internal error.'),
  RequestTimeout: away('the store gave up waiting.'),
  ThrottlingException: away('the store asks for fewer requests (throttling).'),
  TooManyRequestsException: away('the store asks for fewer requests (throttling).'),

  ENOTFOUND: away('the name of the endpoint does not resolve. Check AWS_ENDPOINT_URL and DNS.'),
  EAI_AGAIN: away('DNS does not answer.'),
  ECONNREFUSED: away('nothing listens there. Check AWS_ENDPOINT_URL and that the store runs.'),
  ECONNRESET: away('the connection was cut.'),
  EPIPE: away('the connection was cut.'),
  ECONNABORTED: away('the connection was cut.'),
  ETIMEDOUT: away('no connection came about. Check network policies and that the store runs.'),
  EHOSTUNREACH: away('no route leads there. Check AWS_ENDPOINT_URL and network policies.'),
  ENETUNREACH: away('no route leads there. Check AWS_ENDPOINT_URL and network policies.'),
  EPROTO: broken(
    'the TLS handshake failed; a store that speaks plain HTTP wants http:// in AWS_ENDPOINT_URL.',
  ),
  CERT_HAS_EXPIRED: broken("the store's certificate has expired. Renew it."),
  ERR_TLS_CERT_ALTNAME_INVALID: broken(
    "the store's certificate is for another name. Use the name that it holds in AWS_ENDPOINT_URL.",
  ),
  NotAnS3Answer: broken('what answers is not an S3 service. Check AWS_ENDPOINT_URL.'),
};

const UNTRUSTED = broken(
  "the store's certificate is signed by an authority that is not trusted. Put its PEM into the Secret's key ca.crt; verification is never turned off (s3-verifyssl included).",
);
for (const code of [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]) {
  (CODES as Record<string, Meaning>)[code] = UNTRUSTED;
}

const BY_STATUS: readonly (readonly [(status: number) => boolean, Meaning])[] = [
  [
    (status) => status === 301 || status === 307,
    denied(
      'the store answers with a redirect, which is not followed. Set AWS_REGION and AWS_ENDPOINT_URL to where the bucket is.',
    ),
  ],
  [
    (status) => status === 401 || status === 403,
    denied('the store refuses. Check the credentials and their right to s3:GetObject.'),
  ],
  [(status) => status === 404, missing('there is no such object.')],
  [(status) => status === 408, away('the store gave up waiting.')],
  [(status) => status === 429, away('the store asks for fewer requests (throttling).')],
  [(status) => status === 503, away('the store is overloaded or asks for fewer requests (throttling).')],
  [(status) => status >= 500, away('the store has a problem of its own.')],
];

/** Turns whatever a request threw into a FailureError whose message says what, where, why and what to do. */
export function toFailure(error: unknown, context: S3Context): FailureError {
  if (error instanceof FailureError) return error;
  const refused = nested(error).find((cause) => cause instanceof FailureError);
  if (refused instanceof FailureError) return refused;
  const meaning = meaningOf(error, context);
  const status = statusOf(error);
  const http = status === undefined || status < 300 ? '' : ` (HTTP ${status})`;
  return new FailureError(
    meaning.reason,
    `Cannot read ${describeObject(context.location)} at ${context.endpoint}${http}: ${meaning.says}`,
    { cause: error, transient: meaning.retry === true },
  );
}

function meaningOf(error: unknown, context: S3Context): Meaning {
  for (const cause of nested(error)) {
    if (cause instanceof StallError) return away(cause.message);
    const { code, name } = cause as { code?: unknown; name?: unknown };
    for (const key of [code, name]) {
      if (typeof key === 'string' && Object.hasOwn(CODES, key)) return CODES[key] as Meaning;
    }
    if (typeof code === 'string' && code.startsWith('HPE_')) return CODES['NotAnS3Answer'] as Meaning;
  }
  const status = statusOf(error);
  const byStatus = status === undefined ? undefined : BY_STATUS.find(([matches]) => matches(status));
  if (byStatus !== undefined) return byStatus[1];
  if (status !== undefined && status >= 200 && status < 300) return CODES['NotAnS3Answer'] as Meaning;
  if (status !== undefined) return broken(refusedRequest(status, context));
  return away(`the connection failed (request timeout ${context.requestTimeoutMs / 1000} s).`);
}

/** A refusal without a reason that is known: what of the request may be wrong, the likeliest first. */
function refusedRequest(status: number, { location }: S3Context): string {
  const checks = [
    ...(location.versionId === undefined ? [] : ['that spec.model.versionId is a version id of this store']),
    'the bucket and key in spec.model.uri',
    ...(status === 400 ? ['that AWS_ENDPOINT_URL says https:// where the port speaks TLS'] : []),
    "that AWS_REGION is the bucket's region",
  ];
  const last = checks.pop() ?? '';
  return `the store refuses the request. Check ${checks.join(', ')}, and ${last}.`;
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
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

/** Whether the store answered that the object is not the one that If-Match asked for, or that the range is past its end. */
export function isChanged(error: unknown): boolean {
  const status = statusOf(error);
  return status === 412 || status === 416;
}
