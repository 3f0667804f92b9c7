import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { FailureError } from '#contract/failure.ts';
import { type AddressClass, type AddressPolicy, forbiddenClass } from './addresses.ts';

const WHAT: Readonly<Record<AddressClass, string>> = {
  loopback: 'a loopback address',
  unspecified: 'an unspecified address',
  'link-local': 'a link-local address',
  metadata: "a cloud provider's metadata service",
  multicast: 'a multicast or broadcast address',
  apiserver: 'the Kubernetes API server',
};

/** How messages call a service, and the setting that says where it is. */
export interface Service {
  readonly endpoint: string;
  readonly kind: string;
  readonly setting: string;
}

/** Says which class an endpoint was refused for; never transient, because only another endpoint helps. */
function refusedEndpoint(
  { endpoint, kind, setting }: Service,
  host: string,
  address: string,
  found: AddressClass,
): FailureError {
  const where = host === address ? host : `${host} (${address})`;
  return new FailureError(
    'AccessDenied',
    `The ${endpoint} ${where} is ${WHAT[found]}, which a model may not be read from. ` +
      `Set ${setting} in the credentials Secret to the address of the ${kind}.`,
    { transient: false },
  );
}

/** Headers of a Kubernetes API server's answers, and of nothing else's. */
const API_SERVER_HEADERS = [
  'audit-id',
  'x-kubernetes-pf-flowschema-uid',
  'x-kubernetes-pf-prioritylevel-uid',
];

/** Whether an answer with these headers, in lower case, comes from a Kubernetes API server, wherever that is. */
export function isOfApiServer(headers: { readonly has: (name: string) => boolean }): boolean {
  return API_SERVER_HEADERS.some((name) => headers.has(name));
}

/** Whether a body is what a Kubernetes API server answers errors with. */
export function isKubernetesStatus(text: string): boolean {
  try {
    const value = JSON.parse(text) as { readonly kind?: unknown; readonly apiVersion?: unknown } | null;
    return value?.kind === 'Status' && typeof value.apiVersion === 'string';
  } catch {
    return false;
  }
}

/** The refusal of an endpoint whose answers are an API server's. */
export function refusedApiServer({ endpoint, kind, setting }: Service, host: string): FailureError {
  return new FailureError(
    'AccessDenied',
    `The ${endpoint} ${host} is a Kubernetes API server, not an ${kind}. ` +
      `Set ${setting} in the credentials Secret to the address of the ${kind}.`,
    { transient: false },
  );
}

/** Throws for an endpoint whose host is spelled as a forbidden address. The URL parser resolves decimal and hex forms. */
export function checkEndpointLiteral(service: Service, url: URL, policy: AddressPolicy): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) return;
  const kind = forbiddenClass(host, portOf(url), policy);
  if (kind !== undefined) throw refusedEndpoint(service, host, host, kind);
}

export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port);
}

/**
 * Resolves a name and refuses it when any of its addresses is forbidden. It runs for each connection and its answer is
 * what gets connected to, so that a name which changes its mind between a check and a use (DNS rebinding) gains nothing.
 */
export function guardedLookup(
  service: Service,
  port: number,
  policy: AddressPolicy,
  resolve: typeof systemLookup = systemLookup,
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      const addresses: readonly LookupAddress[] = found ?? [];
      if (error !== null) {
        callback(error, []);
        return;
      }
      for (const { address } of addresses) {
        const kind = forbiddenClass(address, port, policy);
        if (kind !== undefined) {
          callback(refusedEndpoint(service, hostname, address, kind), []);
          return;
        }
      }
      const [first] = addresses;
      if (options.all === true || first === undefined) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };
}

export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** Kept-alive agents that connect only where the policy lets them. */
export function createAgents(
  service: Service,
  port: number,
  policy: AddressPolicy,
  secureContext: SecureContext | undefined,
): Agents {
  const shared = {
    keepAlive: true,
    maxSockets: 32,
    maxFreeSockets: 8,
    timeout: 60_000,
    lookup: guardedLookup(service, port, policy),
  };
  return {
    http: new HttpAgent(shared),
    https: new HttpsAgent({ ...shared, ...(secureContext === undefined ? {} : { secureContext }) }),
  };
}

/** The system's roots and one more authority. */
export function trusting(ca: string): SecureContext {
  try {
    return createSecureContext({ ca: [...getCACertificates('default'), ca] });
  } catch (error) {
    throw new FailureError(
      'AccessDenied',
      'The key ca.crt of the credentials Secret holds no valid PEM certificate.',
      {
        cause: error,
      },
    );
  }
}
