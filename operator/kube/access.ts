import { readFile } from 'node:fs/promises';
import type { Agent } from 'node:http';
import { isIPv6 } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What a connection needs beside its address; read anew from time to time, because tokens and certificates rotate. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
  /** Set where the way leads through a proxy; else the transport uses agents of its own. */
  readonly agent?: Agent;
}

/** Where the API server is, and as whom to speak to it. */
export interface ClusterAccess {
  readonly server: string;
  /** The namespace of the kubeconfig's context, or of the operator's own pod. */
  readonly namespace: string | undefined;
  credentials(): Promise<Credentials>;
}

const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/** A pod's service account. client-node's KubeConfig would cost 20 MiB of memory for these few lines. */
export async function inClusterAccess(
  environment: NodeJS.ProcessEnv = process.env,
  folder: string = SERVICE_ACCOUNT_FOLDER,
): Promise<ClusterAccess> {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || port === undefined) {
    throw new Error(
      'not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; give --kubeconfig or set KUBECONFIG',
    );
  }
  const namespace = await readFile(join(folder, 'namespace'), 'utf8').catch(() => '');
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    namespace: namespace.trim() === '' ? undefined : namespace.trim(),
    credentials: async () => {
      const [token, ca] = await Promise.all([
        readFile(join(folder, 'token'), 'utf8'),
        readFile(join(folder, 'ca.crt')),
      ]);
      return { headers: { authorization: `Bearer ${token.trim()}` }, ca };
    },
  };
}

/** A kubeconfig: `file`, or KUBECONFIG, or ~/.kube/config, with every way to sign in that client-node knows. */
export async function kubeconfigAccess(file?: string, context?: string): Promise<ClusterAccess> {
  // Each is loaded only where it is needed: an operator in its pod pays for neither.
  const { plainKubeconfig } = await import('./plain-kubeconfig.ts');
  const plain = await plainKubeconfig(file ?? defaultFile(), context);
  if (plain !== undefined) return plain;
  const { loadKubeconfig } = await import('./kubeconfig.ts');
  return loadKubeconfig(file, context);
}

/** KUBECONFIG with several files is no file's name, so it is client-node that merges them. */
function defaultFile(): string {
  const named = process.env['KUBECONFIG'] ?? '';
  return named === '' ? join(homedir(), '.kube', 'config') : named;
}

/** The pod's own cluster where there is one, unless a kubeconfig is named. */
export async function clusterAccess(kubeconfig?: string, context?: string): Promise<ClusterAccess> {
  const named = kubeconfig !== undefined || context !== undefined || (process.env['KUBECONFIG'] ?? '') !== '';
  if (named || process.env['KUBERNETES_SERVICE_HOST'] === undefined)
    return kubeconfigAccess(kubeconfig, context);
  return inClusterAccess();
}
