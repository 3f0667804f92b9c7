import { LABEL, PORT } from '#contract/names.ts';
import type { Service } from '#operator/kube/index.ts';
import { childMetadata, type Owner } from '../identity.ts';

const HTTP = { name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' } as const;
const POD = { ...HTTP, port: PORT.http } as const;
const PEER = { name: 'peer', port: PORT.peer, targetPort: 'peer', protocol: 'TCP' } as const;

/** The Service that clients use: its selector is the switch, and the truth about which revision is stable. */
export function stableService(owner: Owner, revision: string): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: childMetadata(owner, owner.name),
    spec: { type: 'ClusterIP', selector: selector(owner, revision), ports: [HTTP] },
  };
}

/**
 * A revision's own Service: pods of other revisions forward to it, and its own give files to one another. Headless, so
 * its name means the pods themselves and its ports are theirs (docs/decisions/0013).
 */
export function revisionService(owner: Owner, revision: string): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: childMetadata(owner, revision, { revision }),
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      selector: selector(owner, revision),
      ports: [POD, PEER],
    },
  };
}

function selector(owner: Owner, revision: string): Readonly<Record<string, string>> {
  return { [LABEL.modelDeployment]: owner.name, [LABEL.revision]: revision };
}
