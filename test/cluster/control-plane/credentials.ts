import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority, issueCertificate } from '../certificates.ts';
import type { CredentialFiles } from './flags.ts';

/** A user of the cluster, known by a token. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

export const administrator: User = { name: 'windlass-admin', groups: ['system:masters'] };

export interface Credentials {
  readonly files: CredentialFiles;
  /** PEM text of the authority. */
  readonly ca: string;
  /** User's name -> token. */
  readonly tokens: ReadonlyMap<string, string>;
}

/** Writes the keys, certificates and tokens of one cluster into `folder`. `hosts` is how clients call the API server. */
export async function createCredentials(
  folder: string,
  users: readonly User[],
  hosts: readonly string[],
): Promise<Credentials> {
  const authority = await createAuthority(folder, 'windlass-ca');
  const [apiServer, frontProxy] = await Promise.all([
    issueCertificate(authority, folder, {
      name: 'apiserver',
      subject: '/CN=kube-apiserver',
      hosts: ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost', ...hosts],
    }),
    issueCertificate(authority, folder, { name: 'front-proxy', subject: '/CN=front-proxy' }),
  ]);
  const tokens = new Map(users.map(({ name }) => [name, randomBytes(24).toString('hex')]));
  const lines = users.map(({ name, groups }) => `${tokens.get(name)},${name},${name},"${groups.join(',')}"`);
  const tokenFile = join(folder, 'tokens.csv');
  await writeFile(tokenFile, `${lines.join('\n')}\n`, { mode: 0o600 });
  return {
    files: {
      authority,
      apiServer,
      frontProxy,
      serviceAccounts: await serviceAccountKeys(folder),
      tokens: tokenFile,
    },
    ca: await readFile(authority.certificate, 'utf8'),
    tokens,
  };
}

async function serviceAccountKeys(folder: string): Promise<CredentialFiles['serviceAccounts']> {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const files = { publicKey: join(folder, 'sa.pub'), privateKey: join(folder, 'sa.key') };
  await writeFile(files.publicKey, keys.publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(files.privateKey, keys.privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  return files;
}

/** The token of a user that was named to createCredentials. */
export function tokenOf(credentials: Credentials, user: User): string {
  const token = credentials.tokens.get(user.name);
  if (token === undefined) throw new Error(`no token was made for the user ${user.name}`);
  return token;
}
