import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
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

/** Says which class an endpoint was refused for; never transient, because only another endpoint helps. */
export function refusedEndpoint(host: string, address: string, kind: AddressClass): FailureError {
  const where = host === address ? host : `${host} (${address})`;
  return new FailureError(
    'AccessDenied',
    `The S3 endpoint ${where} is ${WHAT[kind]}, which a model may not be read from. ` +
      'Set AWS_ENDPOINT_URL in the credentials Secret to the address of the S3 service.',
    { transient: false },
  );
}

/** Throws for an endpoint whose host is spelled as a forbidden address. The URL parser resolves decimal and hex forms. */
export function checkEndpointLiteral(url: URL, policy: AddressPolicy): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) return;
  const kind = forbiddenClass(host, portOf(url), policy);
  if (kind !== undefined) throw refusedEndpoint(host, host, kind);
}

export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port);
}

/**
 * Resolves a name and refuses it when any of its addresses is forbidden. It runs for each connection and its answer is
 * what gets connected to, so that a name which changes its mind between a check and a use (DNS rebinding) gains nothing.
 */
export function guardedLookup(
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
          callback(refusedEndpoint(hostname, address, kind), []);
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
  port: number,
  policy: AddressPolicy,
  secureContext: SecureContext | undefined,
): Agents {
  const shared = {
    keepAlive: true,
    maxSockets: 32,
    maxFreeSockets: 8,
    timeout: 60_000,
    lookup: guardedLookup(port, policy),
  };
  return {
    http: new HttpAgent(shared),
    https: new HttpsAgent({ ...shared, ...(secureContext === undefined ? {} : { secureContext }) }),
  };
}
