import { writeFile } from 'node:fs/promises';

export interface Access {
  readonly server: string;
  /** PEM text. */
  readonly ca: string;
  readonly token: string;
}

/** Writes a kubeconfig with one cluster and one user, readable by its owner alone. */
export async function writeKubeconfig(path: string, access: Access): Promise<void> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'windlass',
    clusters: [
      {
        name: 'windlass',
        cluster: {
          server: access.server,
          'certificate-authority-data': Buffer.from(access.ca).toString('base64'),
        },
      },
    ],
    users: [{ name: 'windlass', user: { token: access.token } }],
    contexts: [{ name: 'windlass', context: { cluster: 'windlass', user: 'windlass' } }],
  };
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}
