import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { configMap } from '../../../deploy/argocd/customizations.ts';

export const ARGO_NAMESPACE = 'argocd';

const kubeconfigSchema = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string() }) }),
  ]),
  users: z.tuple([
    z.object({
      user: z.object({
        token: z.string().optional(),
        'client-certificate-data': z.string().optional(),
        'client-key-data': z.string().optional(),
      }),
    }),
  ]),
});

export interface Destination {
  readonly server: string;
  readonly config: object;
}

/** The cluster of a kubeconfig as Argo CD wants to be told of it. */
export async function destinationOf(kubeconfig: string): Promise<Destination> {
  const { clusters, users } = kubeconfigSchema.parse(parse(await readFile(kubeconfig, 'utf8')));
  const { user } = users[0];
  return {
    server: clusters[0].cluster.server,
    config: {
      ...(user.token === undefined ? {} : { bearerToken: user.token }),
      tlsClientConfig: {
        caData: clusters[0].cluster['certificate-authority-data'],
        ...(user['client-certificate-data'] === undefined
          ? {}
          : { certData: user['client-certificate-data'], keyData: user['client-key-data'] }),
      },
    },
  };
}

const named = (kind: string, name: string, labels: Readonly<Record<string, string>> = {}) => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    name,
    namespace: ARGO_NAMESPACE,
    labels: { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'argocd', ...labels },
  },
});

/** What an installation of Argo CD keeps in its namespace, with the settings of deploy/argocd. */
export async function installation({ server, config }: Destination): Promise<readonly object[]> {
  const settings = parse(await configMap()) as { metadata: object };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ARGO_NAMESPACE } },
    { ...settings, metadata: { ...settings.metadata, namespace: ARGO_NAMESPACE } },
    named('ConfigMap', 'argocd-cmd-params-cm'),
    named('ConfigMap', 'argocd-rbac-cm'),
    named('ConfigMap', 'argocd-tls-certs-cm'),
    named('ConfigMap', 'argocd-ssh-known-hosts-cm'),
    named('ConfigMap', 'argocd-gpg-keys-cm'),
    {
      ...named('Secret', 'argocd-secret'),
      stringData: {
        'server.secretkey': randomBytes(32).toString('base64'),
        'admin.password': 'nobody-logs-in',
      },
    },
    {
      ...named('Secret', 'test-cluster', { 'argocd.argoproj.io/secret-type': 'cluster' }),
      stringData: { name: 'test', server, config: JSON.stringify(config) },
    },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { name: 'default', namespace: ARGO_NAMESPACE },
      spec: {
        sourceRepos: ['*'],
        destinations: [{ namespace: '*', server: '*' }],
        clusterResourceWhitelist: [{ group: '*', kind: '*' }],
      },
    },
  ];
}
