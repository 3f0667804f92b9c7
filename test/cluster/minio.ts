import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.ts';
import { createAuthority, issueCertificate } from './certificates.ts';
import { startChild, untilReady, type Child } from './child.ts';
import { freePorts, retryTakenPort } from './ports.ts';
import { statusOf } from './probe.ts';
import type { Progress } from './progress.ts';
import { removeAtEnd } from './watchdog.ts';

export interface MinioOptions {
  /** The address to listen on: loopback by default, the cluster's `host.listen` for pods. */
  readonly host?: string;
  /** How clients call it, where that is another name: the cluster's `host.address`. */
  readonly address?: string;
  readonly port?: number;
  /** HTTPS with an authority of its own, whose certificate is in `ca`. */
  readonly tls?: boolean;
  readonly progress?: Progress;
}

/** A real MinIO. It ends, and its data goes, with the process that started it. */
export interface Minio {
  readonly endpoint: string;
  readonly host: string;
  readonly port: number;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** PEM text of the authority, with `tls`. */
  readonly ca: string | undefined;
  /** Connections stay and nothing is answered (SIGSTOP). */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Connections are refused until `start`; the data stays. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

const READY_WITHIN = 30_000;

export function startMinio(options: MinioOptions = {}): Promise<Minio> {
  return retryTakenPort(() => startOnce(options));
}

async function startOnce(options: MinioOptions): Promise<Minio> {
  const { minio } = await build(
    ['minio'],
    options.progress === undefined ? {} : { progress: options.progress },
  );
  const host = options.host ?? '127.0.0.1';
  const address = options.address ?? host;
  const port = options.port ?? (await freePorts(1, host))[0] ?? 0;
  const folder = await mkdtemp(join(tmpdir(), 'windlass-minio-'));
  removeAtEnd(folder);
  const certificates = join(folder, 'certs');
  await mkdir(certificates);
  const ca =
    options.tls === true ? await writeCertificates(folder, certificates, [host, address]) : undefined;
  const scheme = ca === undefined ? 'http' : 'https';
  const accessKey = 'windlass';
  const secretKey = randomBytes(16).toString('hex');
  let child: Child | undefined;
  const start = async (): Promise<void> => {
    child = startChild({
      name: 'minio',
      file: minio,
      args: [
        'server',
        '--quiet',
        `--address=${host}:${port}`,
        `--certs-dir=${certificates}`,
        join(folder, 'data'),
      ],
      env: {
        MINIO_ROOT_USER: accessKey,
        MINIO_ROOT_PASSWORD: secretKey,
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off',
        MINIO_CI_CD: '1', // data may lie on the root file system
      },
      log: join(folder, 'minio.log'),
    });
    const probe = {
      url: `${scheme}://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}/minio/health/ready`,
      ...(ca === undefined ? {} : { ca }),
    };
    await untilReady(child, async () => (await statusOf(probe)) === 200, READY_WITHIN);
  };
  await start().catch(async (error: unknown) => {
    await child?.stop();
    throw error;
  });
  return {
    endpoint: `${scheme}://${address}:${port}`,
    host: address,
    port,
    region: 'us-east-1',
    accessKey,
    secretKey,
    ca,
    pause: () => child?.signal('SIGSTOP'),
    resume: () => child?.signal('SIGCONT'),
    kill: async () => child?.stop(),
    start,
    stop: async () => {
      await child?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** MinIO wants its pair under these names. Returns the authority's certificate. */
async function writeCertificates(
  folder: string,
  certificates: string,
  hosts: readonly string[],
): Promise<string> {
  const pki = join(folder, 'pki');
  const authority = await createAuthority(pki, 'windlass-minio-ca');
  const pair = await issueCertificate(authority, pki, {
    name: 'minio',
    subject: '/CN=minio',
    hosts: [...new Set([...hosts, '127.0.0.1', 'localhost'])],
  });
  await copyFile(pair.certificate, join(certificates, 'public.crt'));
  await copyFile(pair.key, join(certificates, 'private.key'));
  return readFile(authority.certificate, 'utf8');
}
