export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** Host names that requests may name beside loopback and private addresses, such as a Service's. */
  readonly hosts: readonly string[];
  /** The file of the database with runs and registered versions. */
  readonly database: string;
  readonly bucket: string;
  /** Artifacts go through the server, which alone has the bucket's keys; else clients go to the bucket. */
  readonly proxied: boolean;
  readonly auth: boolean;
}

/** `mlflow server`'s arguments. One worker: each takes a quarter of a GB. */
export function serverArguments(settings: ServerSettings): readonly string[] {
  const { host, port, hosts, database, bucket, proxied, auth } = settings;
  const root = `s3://${bucket}/`;
  const artifacts = proxied
    ? ['--serve-artifacts', `--artifacts-destination=${root}`]
    : ['--no-serve-artifacts', `--default-artifact-root=${root}`];
  return [
    '-Wignore',
    '-m',
    'mlflow',
    'server',
    `--host=${host}`,
    `--port=${port}`,
    '--workers=1',
    `--backend-store-uri=sqlite:///${database}`,
    ...artifacts,
    ...(hosts.length === 0
      ? []
      : [`--allowed-hosts=${[...LOCAL, ...hosts.flatMap((name) => [name, `${name}:*`])].join(',')}`]),
    ...(auth ? ['--app-name=basic-auth'] : []),
  ];
}

/** What the server allows by itself, and forgets when it is given names. */
const LOCAL = ['localhost', 'localhost:*', '127.0.0.1', '127.0.0.1:*', '10.*', '172.*', '192.168.*'];
