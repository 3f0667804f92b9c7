import { BlockList, isIP, isIPv4 } from 'node:net';

/** Which kinds of addresses an endpoint may not be at; `apiserver` are the ones that the caller names. */
export type AddressClass = 'loopback' | 'unspecified' | 'link-local' | 'metadata' | 'multicast' | 'apiserver';

const FORBIDDEN: readonly (readonly [AddressClass, readonly string[]])[] = [
  ['loopback', ['127.0.0.0/8', '::1/128']],
  // "This host": connecting to it reaches the loopback interface.
  ['unspecified', ['0.0.0.0/8', '::/128']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  // Cloud metadata services outside the link-local ranges: AWS over IPv6, Alibaba, Azure's wire server.
  ['metadata', ['fd00:ec2::/32', '100.100.100.200/32', '168.63.129.16/32']],
  ['multicast', ['224.0.0.0/4', '255.255.255.255/32', 'ff00::/8']],
];

const lists = FORBIDDEN.map(([kind, ranges]) => {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', bits] = range.split('/');
    list.addSubnet(network, Number(bits), isIPv4(network) ? 'ipv4' : 'ipv6');
  }
  return [kind, list] as const;
});

/** What an endpoint may be at. `refused` are addresses, each as `ip` (every port) or `ip:port` (`[v6]:port`). */
export interface AddressPolicy {
  readonly allowLoopback?: boolean;
  readonly refused?: readonly string[];
}

/** The class that forbids this address, or undefined. `address` is an IP literal as the resolver gives it. */
export function forbiddenClass(
  address: string,
  port: number,
  policy: AddressPolicy,
): AddressClass | undefined {
  const plain = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  for (const form of [plain, ...embeddedIPv4(plain)]) {
    const kind = lists.find(([, list]) => list.check(form, isIPv4(form) ? 'ipv4' : 'ipv6'))?.[0];
    if (kind !== undefined && !(isOwnHost(kind) && policy.allowLoopback === true)) return kind;
    if (isNamed(form, port, policy.refused ?? [])) return 'apiserver';
  }
  return undefined;
}

function isOwnHost(kind: AddressClass): boolean {
  return kind === 'loopback' || kind === 'unspecified';
}

function isNamed(address: string, port: number, refused: readonly string[]): boolean {
  return refused.some((entry) => {
    const [, host = entry, entryPort] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(isIP(entry) > 0 ? '' : entry) ?? [];
    if (entryPort !== undefined && Number(entryPort) !== port) return false;
    return isIP(host) > 0 && canonical(host) === canonical(address);
  });
}

/** IPv6 has many spellings of one address; the URL parser gives one. */
function canonical(address: string): string {
  return isIPv4(address) ? address : new URL(`http://[${address}]/`).hostname;
}

/** The IPv4 address inside an IPv4-mapped, IPv4-compatible, NAT64 (RFC 6052) or 6to4 (RFC 3056) IPv6 address. */
function embeddedIPv4(address: string): readonly string[] {
  if (isIP(address) !== 6) return [];
  const groups = groupsOf(canonical(address).slice(1, -1));
  const dotted = (high = 0, low = 0) => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  const head = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(':');
  if (head === '0:0:0:0:0:ffff' || head === '64:ff9b:0:0:0:0') return [dotted(groups[6], groups[7])];
  // ::1 and :: are addresses of their own, not an IPv4 address in disguise.
  if (head === '0:0:0:0:0:0' && (groups[6] ?? 0) > 0) return [dotted(groups[6], groups[7])];
  if (groups[0] === 0x2002) return [dotted(groups[1], groups[2])];
  return [];
}

function groupsOf(compressed: string): readonly number[] {
  const [head = '', tail] = compressed.split('::');
  const parse = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  if (tail === undefined) return parse(head);
  const [left, right] = [parse(head), parse(tail)];
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}
