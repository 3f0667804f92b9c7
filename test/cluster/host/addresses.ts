// 198.18.0.0/15 is set aside for tests between networks (RFC 2544): no home, office or cloud network routes it,
// so the host's routes to pods and Services hide nothing.

export const addresses = {
  all: '198.18.0.0/15',
  pods: '198.18.0.0/16',
  services: '198.19.0.0/17',
  kubernetesService: '198.19.0.1',
  dnsService: '198.19.0.10',
  link: '198.19.255.0/30',
  /** This machine's end of the link into the cluster. */
  host: '198.19.255.1',
  /** The cluster's end: the node, the API server and CoreDNS. */
  node: '198.19.255.2',
} as const;

export const LINK = 'windlass0';
export const NODE = 'windlass';
export const API_PORT = 6443;
export const API_SERVER = `https://${addresses.node}:${API_PORT}`;
