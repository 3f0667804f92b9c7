import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Store } from '../bed/store.ts';
import { startChild, untilReady, type Child } from '../cluster/child.ts';
import { freePorts, retryTakenPort } from '../cluster/ports.ts';
import { statusOf } from '../cluster/probe.ts';
import type { Progress } from '../cluster/progress.ts';
import { forget, killAtEnd, removeAtEnd } from '../cluster/watchdog.ts';
import { serverArguments, type ServerSettings } from './arguments.ts';
import { mlflowPython } from './environment.ts';

export interface MlflowOptions {
  /** The S3 server that keeps the artifacts, as this machine reaches it; the bucket is made there. */
  readonly s3: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKey: string;
    readonly secretKey: string;
  };
  readonly bucket?: string;
  /** Artifacts go through the server (the default); else clients read and write the bucket themselves. */
  readonly proxied?: boolean;
  /** User accounts: requests need the name and the password of the answer. */
  readonly auth?: boolean;
  readonly host?: string;
  readonly port?: number;
  /** Names by which requests may call it, beside loopback and private addresses. */
  readonly hosts?: readonly string[];
  readonly progress?: Progress;
}

export interface Mlflow {
  readonly url: string;
  readonly port: number;
  readonly bucket: string;
  /** The administrator, where it has user accounts. */
  readonly account: { readonly username: string; readonly password: string } | undefined;
  /** The SQLite file with runs and versions. */
  readonly database: string;
  /** Its log. */
  readonly log: string;
  /** Connections are refused until `start`; the data stays. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** It imports for ten seconds on a free processor, and makes its tables. */
const READY_WITHIN = 180_000;

/** A real MLflow server with a database of its own and artifacts in S3. */
export async function startMlflow(options: MlflowOptions): Promise<Mlflow> {
  const python = await mlflowPython(options.progress);
  return retryTakenPort(() => startOnce(python, options));
}

async function startOnce(python: string, options: MlflowOptions): Promise<Mlflow> {
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? (await freePorts(1, host))[0] ?? 0;
  const bucket = options.bucket ?? 'mlflow';
  const folder = await mkdtemp(join(tmpdir(), 'windlass-mlflow-'));
  removeAtEnd(folder);
  const { auth = false, proxied = true, hosts = [] } = options;
  const account = auth ? { username: 'admin', password: randomBytes(12).toString('hex') } : undefined;
  const database = join(folder, 'mlflow.db');
  const settings = { host, port, hosts, database, bucket, proxied, auth };
  const env = await environment(folder, options, account);
  await makeBucket(options, bucket);
  let server: Server | undefined;
  const start = async (): Promise<void> => {
    server = await launch(python, settings, env, folder);
  };
  await start().catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  return {
    url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`,
    port,
    bucket,
    account,
    database,
    log: join(folder, 'mlflow.log'),
    kill: async () => server?.kill(),
    start,
    stop: async () => {
      await server?.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Server {
  readonly kill: () => Promise<void>;
}

async function launch(
  python: string,
  settings: ServerSettings,
  env: Readonly<Record<string, string>>,
  folder: string,
): Promise<Server> {
  const args = serverArguments(settings);
  const child = startChild({ name: 'mlflow', file: python, args, env, log: join(folder, 'mlflow.log') });
  const group = -child.pid; // `mlflow server` starts a server of its own, and both have to end
  killAtEnd(group);
  const kill = async (): Promise<void> => {
    await killGroup(child, group);
    forget(group);
  };
  const loopback = settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host;
  const probe = { url: `http://${loopback}:${settings.port}/health` };
  await untilReady(child, async () => (await statusOf(probe)) === 200, READY_WITHIN).catch(
    async (error: unknown) => {
      await kill();
      throw error;
    },
  );
  return { kill };
}

async function killGroup(child: Child, group: number): Promise<void> {
  try {
    process.kill(group, 'SIGKILL');
  } catch {
    // it has ended
  }
  await child.stop();
}

async function environment(
  folder: string,
  { s3 }: MlflowOptions,
  account: Mlflow['account'],
): Promise<Readonly<Record<string, string>>> {
  const accounts = join(folder, 'accounts.ini');
  if (account !== undefined) await writeFile(accounts, accountsFile(folder, account.username));
  return {
    MLFLOW_DISABLE_TELEMETRY: 'true',
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', // further processes, for what nobody uses here
    MLFLOW_S3_ENDPOINT_URL: s3.endpoint,
    AWS_ACCESS_KEY_ID: s3.accessKey,
    AWS_SECRET_ACCESS_KEY: s3.secretKey,
    AWS_REGION: s3.region,
    ...(account === undefined
      ? {}
      : {
          MLFLOW_AUTH_CONFIG_PATH: accounts,
          MLFLOW_AUTH_ADMIN_PASSWORD: account.password,
          MLFLOW_FLASK_SERVER_SECRET_KEY: randomBytes(24).toString('hex'),
        }),
  };
}

function accountsFile(folder: string, username: string): string {
  return [
    '[mlflow]',
    'default_permission = READ',
    `database_uri = sqlite:///${join(folder, 'accounts.db')}`,
    `admin_username = ${username}`,
    'authorization_function = mlflow.server.auth:authenticate_request_basic_auth',
    '',
  ].join('\n');
}

async function makeBucket({ s3 }: MlflowOptions, bucket: string): Promise<void> {
  const store = new Store(s3, bucket);
  try {
    await store.create();
  } finally {
    store.close();
  }
}
