import type { Agent } from 'node:http';
import { KubeConfig } from '@kubernetes/client-node';
import type { ClusterAccess, Credentials } from './access.ts';

const MADE_UP = 'http://localhost:8080';

/** What client-node makes of a kubeconfig. */
export function loadKubeconfig(file?: string, context?: string): ClusterAccess {
  const config = new KubeConfig();
  if (file === undefined) config.loadFromDefault();
  else config.loadFromFile(file);
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  // Without any kubeconfig client-node makes one up.
  if (file === undefined && config.getCurrentContext() === 'loaded-context' && cluster?.server === MADE_UP)
    throw new Error('there is no kubeconfig: KUBECONFIG is not set and ~/.kube/config does not exist');
  if (cluster === null) {
    const known = config.getContexts().map((each) => each.name);
    throw new Error(
      `kubeconfig ${file ?? '(default)'}: no cluster for context ${JSON.stringify(config.getCurrentContext())}; it knows: ${known.join(', ') || 'none'}`,
    );
  }
  return {
    server: cluster.server,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    credentials: async () => {
      const options: SignInOptions = { headers: {} };
      await config.applyToHTTPSOptions(options);
      return credentialsFrom(options, cluster.proxyUrl !== undefined);
    },
  };
}

interface SignInOptions {
  headers: Record<string, string>;
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  rejectUnauthorized?: boolean;
  auth?: string;
  agent?: Agent;
}

function credentialsFrom(options: SignInOptions, proxied: boolean): Credentials {
  const { headers, auth, agent, ca, cert, key, servername, rejectUnauthorized } = options;
  const basic: Record<string, string> =
    auth === undefined ? {} : { authorization: `Basic ${Buffer.from(auth).toString('base64')}` };
  return {
    headers: { ...headers, ...basic },
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...(proxied && agent !== undefined ? { agent } : {}),
  };
}
