import { lookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * Like dns.lookup, in a new order each time: a headless Service's name means every ready pod, and the C library sorts
 * them alike on each call. A connection that does not come about is tried with the next address by node itself.
 */
export const lookupAnyOrder: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const [first, ...others] = shuffled(addresses ?? [], Math.random);
    if (error !== null || first === undefined) callback(error, '');
    else if (options.all === true) callback(null, [first, ...others]);
    else callback(null, first.address, first.family);
  });
};

export function shuffled(
  addresses: readonly LookupAddress[],
  random: () => number,
): readonly LookupAddress[] {
  return addresses
    .map((address) => ({ address, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ address }) => address);
}
