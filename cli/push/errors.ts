import { CliError } from '../exit.ts';

/** What S3 answers, and what to do about it, by the error's code. */
const HINTS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'create the bucket first, or mend its name',
  AccessDenied: 'the keys need s3:GetObject and s3:PutObject below that prefix',
  InvalidAccessKeyId: 'check AWS_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'check AWS_SECRET_ACCESS_KEY, and the clock of this machine',
  CredentialsProviderError: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
  ExpiredToken: 'sign in again: AWS_SESSION_TOKEN has expired',
  PermanentRedirect: 'the bucket is in another region: --region, or AWS_REGION',
  'Region is missing': 'set AWS_REGION, or give --region',
};
const CONNECTION =
  'check --endpoint-url (AWS_ENDPOINT_URL), and that the store runs and can be reached from here';

export function fromS3Error(error: unknown, uri: string): unknown {
  if (error instanceof CliError || !(error instanceof Error)) return error;
  const { name, message } = error;
  const code = (error as NodeJS.ErrnoException).code;
  const hint = HINTS[name] ?? HINTS[message] ?? (code === undefined ? undefined : CONNECTION);
  const text = message === '' ? (code ?? name) : message;
  return new CliError(`cannot push to ${uri}: ${name === 'Error' ? text : `${name}: ${text}`}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}
