import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '#contract/failure.ts';
import type { S3Connection } from '#contract/programs.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Where the store is and as whom to read it. Without `credentials` and not anonymous: as the pod's own identity. */
export interface S3Access {
  readonly connection: S3Connection;
  readonly credentials?: S3Credentials;
  /** The Secret's name, for messages. */
  readonly secretName?: string;
}

type Values = Readonly<Record<string, string | undefined>>;

const KEYS = {
  accessKeyId: ['AWS_ACCESS_KEY_ID', 'awsAccessKeyID'],
  secretAccessKey: ['AWS_SECRET_ACCESS_KEY', 'awsSecretAccessKey'],
  sessionToken: ['AWS_SESSION_TOKEN'],
  endpoint: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
  region: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
  ca: ['ca.crt'],
} as const;

/** How messages call a Secret whose name is not known: a pod sees only a folder. */
export const THE_SECRET = 'the credentials Secret';

/** KServe's annotations on an S3 Secret; the second group is the name that it had before version 0.7. */
const KSERVE_GROUPS = ['serving.kserve.io', 'serving.kubeflow.org'];

/** Reads a Secret as the API server gives it: `data` is base64. Throws a FailureError for values that cannot work. */
export function connectionFromSecret(secret: {
  readonly name?: string;
  readonly data?: Values;
  readonly annotations?: Values;
}): S3Access {
  const values = Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value ?? '', 'base64').toString(),
    ]),
  );
  const secretName = secret.name === undefined ? {} : { secretName: secret.name };
  try {
    return { ...accessFrom(values, kserveConnection(secret.annotations ?? {})), ...secretName };
  } catch (error) {
    if (!(error instanceof FailureError) || secret.name === undefined) throw error;
    throw new FailureError(error.reason, error.message.replace(THE_SECRET, `Secret ${secret.name}`), {
      cause: error,
    });
  }
}

/**
 * Reads a Secret mounted as a folder, whose annotations are not in it: `connection` is what they said. A folder that is
 * absent or empty means the pod's own identity. Read it at each start, because credentials rotate.
 */
export async function connectionFromFolder(folder: string, connection: S3Connection = {}): Promise<S3Access> {
  const names = Object.values(KEYS).flat();
  const values = await Promise.all(
    names.map(async (name) => [name, await readFile(join(folder, name), 'utf8').catch(absent)] as const),
  );
  return accessFrom(Object.fromEntries(values), connection);
}

/** The connection that the environment names (AWS_ENDPOINT_URL, AWS_REGION), read as the pod's own identity. */
export function connectionFromEnvironment(environment: Values, connection: S3Connection = {}): S3Access {
  const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _key, ...rest } = environment;
  return accessFrom({ ...rest, awsAccessKeyID: undefined, awsSecretAccessKey: undefined }, connection);
}

function accessFrom(values: Values, base: S3Connection): S3Access {
  const pick = (field: keyof typeof KEYS): string | undefined => {
    // A newline at the end of a value is what `echo` and editors leave behind, and never part of it.
    for (const key of KEYS[field]) {
      const value = values[key]?.trim();
      if (value !== undefined && value !== '') return value;
    }
    return undefined;
  };
  const connection: S3Connection = {
    ...base,
    ...optional('endpoint', endpointUrl(pick('endpoint') ?? base.endpoint)),
    ...optional('region', regionName(pick('region') ?? base.region)),
    ...optional('ca', certificates(pick('ca') ?? base.ca)),
  };
  const accessKeyId = pick('accessKeyId');
  const secretAccessKey = pick('secretAccessKey');
  if (connection.anonymous === true || (accessKeyId === undefined && secretAccessKey === undefined)) {
    return { connection };
  }
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const missing = accessKeyId === undefined ? 'AWS_ACCESS_KEY_ID' : 'AWS_SECRET_ACCESS_KEY';
    const present = accessKeyId === undefined ? 'AWS_SECRET_ACCESS_KEY' : 'AWS_ACCESS_KEY_ID';
    throw denied(`There is ${present} but no ${missing} in ${THE_SECRET}. Add the missing key.`);
  }
  return {
    connection,
    credentials: { accessKeyId, secretAccessKey, ...optional('sessionToken', pick('sessionToken')) },
  };
}

function kserveConnection(annotations: Values): S3Connection {
  const read = (name: string): string | undefined =>
    KSERVE_GROUPS.map((group) => annotations[`${group}/${name}`]?.trim()).find(
      (value) => (value ?? '') !== '',
    );
  const isOn = (value: string | undefined) => value !== undefined && /^(1|true|yes|on)$/i.test(value);
  const isOff = (value: string | undefined) => value !== undefined && /^(0|false|no|off)$/i.test(value);

  const host = read('s3-endpoint');
  const scheme = isOff(read('s3-usehttps')) ? 'http' : 'https';
  const endpoint = host === undefined || /^https?:\/\//.test(host) ? host : `${scheme}://${host}`;
  const virtualBucket = read('s3-usevirtualbucket');
  return {
    ...optional('endpoint', endpoint),
    ...optional('region', read('s3-region')),
    ...(isOn(read('s3-useanoncredential')) ? { anonymous: true } : {}),
    ...(virtualBucket === undefined ? {} : { pathStyle: !isOn(virtualBucket) }),
  };
}

function endpointUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw denied(
      `The S3 endpoint "${text.slice(0, 200)}" is not a URL. Write it with its scheme, as in https://minio.example.com:9000.`,
    );
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw denied(
      `The S3 endpoint at ${url.host} may have no user, password, query or fragment. ` +
        'Keys belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    );
  }
  return url.href.replace(/\/$/, '');
}

function regionName(text: string | undefined): string | undefined {
  if (text === undefined || /^[A-Za-z0-9-]{1,64}$/.test(text)) return text;
  throw denied(`The S3 region "${text.slice(0, 80)}" is not a region's name, as for example eu-central-1.`);
}

function certificates(text: string | undefined): string | undefined {
  if (text === undefined || text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw denied(`The key ca.crt of ${THE_SECRET} holds no PEM certificate (-----BEGIN CERTIFICATE-----).`);
}

function optional<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: string };
}

function denied(message: string): FailureError {
  return new FailureError('AccessDenied', message);
}

function absent(error: unknown): undefined {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw new FailureError(
    'AccessDenied',
    `The mounted credentials Secret cannot be read (${code ?? 'unknown error'}). Check the pod's fsGroup and the volume's mode.`,
    { cause: error },
  );
}
