import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '#contract/failure.ts';

/** Where an MLflow tracking server is, and as whom to read it. */
export interface MlflowAccess {
  /** Its base URL, without a slash at the end. */
  readonly url: string;
  readonly credentials?: MlflowCredentials;
  /** PEM; trusted beside the system's roots. */
  readonly ca?: string;
}

export type MlflowCredentials =
  | { readonly by: 'password'; readonly username: string; readonly password: string }
  | { readonly by: 'token'; readonly token: string };

type Values = Readonly<Record<string, string | undefined>>;

const KEY = {
  url: 'MLFLOW_TRACKING_URI',
  username: 'MLFLOW_TRACKING_USERNAME',
  password: 'MLFLOW_TRACKING_PASSWORD',
  token: 'MLFLOW_TRACKING_TOKEN',
  ca: 'ca.crt',
} as const;

/** The variables that hold credentials: the server of predictions has no use for them. */
export const MLFLOW_CREDENTIAL_NAMES: readonly string[] = [KEY.username, KEY.password, KEY.token];

/** Reads a Secret as the API server gives it: `data` is base64. `where` names it in messages. Throws a FailureError. */
export function mlflowFromSecret(data: Values | undefined, where: string): MlflowAccess {
  const values = Object.fromEntries(
    Object.values(KEY).map((key) => {
      const value = data?.[key];
      return [key, value === undefined ? undefined : Buffer.from(value, 'base64').toString()];
    }),
  );
  return mlflowAccess(values, where);
}

/** Reads a Secret mounted as a folder; undefined where it names no MLflow server. Read it at each start: credentials rotate. */
export async function mlflowFromFolder(folder: string, where: string): Promise<MlflowAccess | undefined> {
  const values = await Promise.all(
    Object.values(KEY).map(
      async (key) => [key, await readFile(join(folder, key), 'utf8').catch(() => undefined)] as const,
    ),
  );
  const found = Object.fromEntries(values);
  return (found[KEY.url] ?? '').trim() === '' ? undefined : mlflowAccess(found, where);
}

/** What the environment says (serving.pod.env, or a person's shell). */
export function mlflowFromEnvironment(environment: Values, where: string): MlflowAccess {
  return mlflowAccess({ ...environment, [KEY.ca]: undefined }, where);
}

function mlflowAccess(values: Values, where: string): MlflowAccess {
  // A newline at the end of a value is what `echo` and editors leave behind, and never part of it.
  const pick = (key: string) => {
    const value = values[key]?.trim();
    return value === undefined || value === '' ? undefined : value;
  };
  const url = pick(KEY.url);
  if (url === undefined) {
    throw denied(
      `There is no ${KEY.url} in ${where}, which says where the MLflow server of a models:/ URI is. Add it, for example http://mlflow.mlflow.svc:5000.`,
    );
  }
  const ca = pick(KEY.ca);
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw denied(`The key ${KEY.ca} of ${where} holds no PEM certificate (-----BEGIN CERTIFICATE-----).`);
  }
  const credentials = credentialsOf(pick(KEY.username), pick(KEY.password), pick(KEY.token), where);
  return {
    url: serverUrl(url, where),
    ...(credentials === undefined ? {} : { credentials }),
    ...(ca === undefined ? {} : { ca }),
  };
}

/** A user with a password comes before a token, as in MLflow's own client. */
function credentialsOf(
  username: string | undefined,
  password: string | undefined,
  token: string | undefined,
  where: string,
): MlflowCredentials | undefined {
  if (username !== undefined && password !== undefined) return { by: 'password', username, password };
  if (token !== undefined) return { by: 'token', token };
  if (username === undefined && password === undefined) return undefined;
  const [present, missing] =
    username === undefined ? [KEY.password, KEY.username] : [KEY.username, KEY.password];
  throw denied(`There is ${present} but no ${missing} in ${where}. Add the missing key.`);
}

function serverUrl(text: string, where: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw denied(
      `${KEY.url} in ${where} is not the URL of an MLflow server. Write it with its scheme, as in https://mlflow.example.com.`,
    );
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw denied(
      `${KEY.url} in ${where} (host ${url.host}) may have no user, password, query or fragment. ` +
        `Credentials belong in ${KEY.username} and ${KEY.password}, or in ${KEY.token}.`,
    );
  }
  return url.href.replace(/\/+$/, '');
}

function denied(message: string): FailureError {
  return new FailureError('AccessDenied', message);
}
