import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { Unavailable } from './unavailable.ts';

/** Paths of PEM files. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A certificate authority of its own for one cluster or server. */
export async function createAuthority(folder: string, name: string): Promise<KeyPair> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pair = pathsOf(folder, name);
  await openssl(['req', '-x509', ...KEY, '-days', '3650', '-subj', `/CN=${name}`, ...outputs(pair)]);
  return pair;
}

export interface CertificateRequest {
  readonly name: string;
  readonly subject: string;
  /** DNS names and IP addresses that a server certificate is good for. */
  readonly hosts?: readonly string[];
}

/** A certificate that is signed by `authority`, for a server and for a client. */
export async function issueCertificate(
  authority: KeyPair,
  folder: string,
  request: CertificateRequest,
): Promise<KeyPair> {
  const pair = pathsOf(folder, request.name);
  const signing = join(folder, `${request.name}.csr`);
  const extensions = join(folder, `${request.name}.ext`);
  const names = (request.hosts ?? []).map((host) => `${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`);
  await writeFile(
    extensions,
    [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature,keyEncipherment',
      'extendedKeyUsage=serverAuth,clientAuth',
      ...(names.length === 0 ? [] : [`subjectAltName=${names.join(',')}`]),
    ].join('\n'),
  );
  await openssl(['req', '-new', ...KEY, '-subj', request.subject, '-keyout', pair.key, '-out', signing]);
  const signer = ['-CA', authority.certificate, '-CAkey', authority.key];
  const serial = `0x${randomBytes(16).toString('hex')}`;
  const details = ['-set_serial', serial, '-days', '3650', '-extfile', extensions];
  await openssl(['x509', '-req', '-in', signing, ...signer, ...details, '-out', pair.certificate]);
  return pair;
}

function pathsOf(folder: string, name: string): KeyPair {
  return { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
}

function outputs(pair: KeyPair): readonly string[] {
  return ['-keyout', pair.key, '-out', pair.certificate];
}

async function openssl(args: readonly string[]): Promise<void> {
  try {
    await run('openssl', args);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Unavailable(
      'openssl is not installed, and makes the certificates',
      'install the package openssl',
    );
  }
}
