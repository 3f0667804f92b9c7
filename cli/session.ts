import { clusterAccess, createKube, Transport } from '#operator/kube/index.ts';
import type { CallOptions, Kube } from '#operator/kube/index.ts';
import { CliError } from './exit.ts';
import type { GlobalOptions } from './options.ts';
import { VERSION } from './version.ts';

/** What a command works with: the API server as the user, and the namespace that is meant. */
export interface Session {
  readonly kube: Kube;
  readonly namespace: string;
  /** The API server's address, for messages. */
  readonly server: string;
  /** Passed to every call: Ctrl-C ends it. */
  readonly call: CallOptions;
}

/** Opens the cluster that --kubeconfig and --context name, lets `work` use it, and closes it. */
export async function withSession<T>(
  options: GlobalOptions,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const access = await clusterAccess(options.kubeconfig, options.context).catch((error: unknown) => {
    throw new CliError(`no cluster to talk to: ${error instanceof Error ? error.message : String(error)}`, {
      hint: 'name one with --kubeconfig FILE or --context NAME, or set KUBECONFIG',
      cause: error,
    });
  });
  const transport = new Transport(access, { userAgent: `kubectl-windlass/${VERSION}` });
  try {
    return await work({
      kube: createKube(transport),
      namespace: options.namespace ?? access.namespace ?? 'default',
      server: access.server,
      call: { signal },
    });
  } finally {
    transport.close();
  }
}
