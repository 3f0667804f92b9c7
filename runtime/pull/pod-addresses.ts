import type { AddressPolicy } from '#artifact/index.ts';

/** What a pod may read from: not itself, unless it is told so, and not the API server that its environment names. */
export function podAddresses(environment: Readonly<Record<string, string | undefined>>): AddressPolicy {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  return {
    allowLoopback: environment['WINDLASS_ALLOW_LOOPBACK'] === 'true',
    refused:
      host === undefined ? [] : [host.includes(':') ? `[${host}]:${port ?? 443}` : `${host}:${port ?? 443}`],
  };
}
