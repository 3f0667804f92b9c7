import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { Bed } from '#test/bed/bed.ts';
import type { ApiServer } from '#test/support/fault-proxy.ts';

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: {
      readonly server: string;
      readonly 'certificate-authority-data'?: string;
      readonly 'certificate-authority'?: string;
    };
  }[];
}

/** The API server of the test bed with an administrator's token, whatever the kubeconfig itself has. */
export async function administrator(bed: Bed): Promise<ApiServer> {
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'figures', namespace: 'kube-system' },
  };
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'figures' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'figures', namespace: 'kube-system' }],
  };
  for (const object of [account, binding]) await bed.kubectl(['apply', '-f', '-'], JSON.stringify(object));
  const token = await bed.kubectl(['create', 'token', 'figures', '-n', 'kube-system', '--duration=8h']);
  const config = parse(await readFile(bed.connection.kubeconfig, 'utf8')) as Kubeconfig;
  const cluster = config.clusters[0]?.cluster;
  if (cluster === undefined) throw new Error(`${bed.connection.kubeconfig} names no cluster`);
  const data = cluster['certificate-authority-data'];
  const ca =
    data === undefined
      ? await readFile(cluster['certificate-authority'] ?? '', 'utf8')
      : Buffer.from(data, 'base64').toString();
  return { server: cluster.server, ca, adminToken: token.trim() };
}
