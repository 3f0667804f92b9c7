import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ClusterAccess, Credentials } from './access.ts';

const clusterSchema = z.strictObject({
  server: z.string(),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': z.string().optional(),
  extensions: z.unknown().optional(),
});
const userSchema = z.strictObject({
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  extensions: z.unknown().optional(),
});
const contextSchema = z.object({ cluster: z.string(), user: z.string(), namespace: z.string().optional() });
const fileSchema = z.object({
  'current-context': z.string().optional(),
  clusters: z.array(z.object({ name: z.string(), cluster: z.unknown() })),
  users: z.array(z.object({ name: z.string(), user: z.unknown() })),
  contexts: z.array(z.object({ name: z.string(), context: contextSchema })),
});

type Cluster = z.infer<typeof clusterSchema>;
type User = z.infer<typeof userSchema>;

/**
 * A kubeconfig whose user is known by a token or a certificate. Undefined for everything else (a plugin, a proxy, a
 * password, a file that is wrong): that is client-node's, which costs 19 MiB of memory and is not loaded for these.
 */
export async function plainKubeconfig(file: string, context?: string): Promise<ClusterAccess | undefined> {
  const config = fileSchema.safeParse(await readYaml(file)).data;
  const wanted = context ?? config?.['current-context'];
  const found = config?.contexts.find(({ name }) => name === wanted)?.context;
  const cluster = clusterSchema.safeParse(
    config?.clusters.find(({ name }) => name === found?.cluster)?.cluster,
  ).data;
  const user = userSchema.safeParse(config?.users.find(({ name }) => name === found?.user)?.user ?? {}).data;
  if (found === undefined || cluster === undefined || user === undefined) return undefined;
  const { server } = cluster;
  if (!/^https?:\/\//.test(server)) return undefined;
  const folder = dirname(file);
  return { server, namespace: found.namespace, credentials: async () => credentials(folder, cluster, user) };
}

async function readYaml(file: string): Promise<unknown> {
  try {
    return parse(await readFile(file, 'utf8'));
  } catch {
    return undefined; // client-node says what is wrong with it.
  }
}

/** Read anew each time: the files that a kubeconfig names are rotated. */
async function credentials(folder: string, cluster: Cluster, user: User): Promise<Credentials> {
  const read = async (data: string | undefined, file: string | undefined): Promise<Buffer | undefined> => {
    if (data !== undefined) return Buffer.from(data, 'base64');
    return file === undefined ? undefined : readFile(resolve(folder, file));
  };
  const [ca, cert, key, tokenFile] = await Promise.all([
    read(cluster['certificate-authority-data'], cluster['certificate-authority']),
    read(user['client-certificate-data'], user['client-certificate']),
    read(user['client-key-data'], user['client-key']),
    read(undefined, user.tokenFile),
  ]);
  // A token file wins over a token, as with kubectl.
  const token = tokenFile?.toString('utf8').trim() ?? user.token;
  return {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(cluster['tls-server-name'] === undefined ? {} : { servername: cluster['tls-server-name'] }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
  };
}
