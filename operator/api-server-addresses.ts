import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';

type Resolve = (name: string) => Promise<readonly string[]>;

const resolveAll: Resolve = async (name) =>
  (await lookup(name, { all: true }).catch(() => [])).map(({ address }) => address);

/**
 * The API server's addresses, at which no model may be read, as `ip:port`: where the operator reaches it, where pods
 * do, and what the cluster's DNS says. More are possible (each control-plane node has one), so its answers are
 * recognised as well.
 */
export async function apiServerAddresses(
  server: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  resolve: Resolve = resolveAll,
): Promise<readonly string[]> {
  const { hostname, port, protocol } = new URL(server);
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: servicePort = '443' } = environment;
  const places: readonly (readonly [host: string, port: string])[] = [
    [hostname.replace(/^\[|\]$/g, ''), port === '' ? (protocol === 'http:' ? '80' : '443') : port],
    ...(host === '' ? [] : ([[host, servicePort]] as const)),
    ['kubernetes.default.svc', '443'],
  ];
  const found = await Promise.all(
    places.map(async ([name, at]) =>
      (await resolve(name)).map((address) => `${isIPv6(address) ? `[${address}]` : address}:${at}`),
    ),
  );
  return [...new Set(found.flat())];
}
