import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inClusterAccess, kubeconfigAccess } from './access.ts';
import { plainKubeconfig } from './plain-kubeconfig.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'windlass-access-'));
});
afterAll(async () => rm(folder, { recursive: true }));

let files = 0;
async function write(text: string): Promise<string> {
  files += 1;
  const file = join(folder, `kubeconfig-${String(files)}`);
  await writeFile(file, text);
  return file;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const config = (cluster: string, user: string): string => `
apiVersion: v1
kind: Config
current-context: one
contexts:
- {name: one, context: {cluster: c, user: u, namespace: churn}}
- {name: other, context: {cluster: d, user: u}}
clusters:
- {name: c, cluster: {server: "https://10.0.0.1:6443", ${cluster}}}
- {name: d, cluster: {server: "https://10.0.0.2:6443"}}
users:
- {name: u, user: {${user}}}
`;

describe('kubeconfigAccess', () => {
  it('takes the current context, or the one that is named', async () => {
    const file = await write(config(`certificate-authority-data: ${base64('CA')}`, 'token: secret'));
    const access = await kubeconfigAccess(file);
    expect([access.server, access.namespace]).toEqual(['https://10.0.0.1:6443', 'churn']);
    expect(await access.credentials()).toEqual({
      headers: { authorization: 'Bearer secret' },
      ca: Buffer.from('CA'),
    });
    expect((await kubeconfigAccess(file, 'other')).server).toBe('https://10.0.0.2:6443');
  });

  it('reads files beside the kubeconfig anew each time, because they are rotated', async () => {
    await writeFile(join(folder, 'token'), 'first\n');
    await writeFile(join(folder, 'cert.pem'), 'CERT');
    await writeFile(join(folder, 'key.pem'), 'KEY');
    const user = 'tokenFile: token, client-certificate: cert.pem, client-key: key.pem';
    const access = await kubeconfigAccess(await write(config('insecure-skip-tls-verify: true', user)));
    expect(await access.credentials()).toEqual({
      headers: { authorization: 'Bearer first' },
      cert: Buffer.from('CERT'),
      key: Buffer.from('KEY'),
      rejectUnauthorized: false,
    });
    await writeFile(join(folder, 'token'), 'second\n');
    expect((await access.credentials()).headers).toEqual({ authorization: 'Bearer second' });
  });

  it('leaves plugins and proxies to client-node', async () => {
    const exec =
      'exec: {apiVersion: client.authentication.k8s.io/v1, command: echo, args: [\'{"status":{"token":"made"}}\']}';
    const plugin = await write(config('tls-server-name: api', exec));
    expect(await plainKubeconfig(plugin)).toBeUndefined();
    const access = await kubeconfigAccess(plugin);
    expect(await access.credentials()).toMatchObject({
      headers: { Authorization: 'Bearer made' },
      servername: 'api',
    });
    expect(
      await plainKubeconfig(await write(config('proxy-url: "http://10.0.0.9"', 'token: a'))),
    ).toBeUndefined();
  });

  it('names the contexts that there are when the wanted one is missing', async () => {
    const file = await write(config('tls-server-name: api', 'token: a'));
    await expect(kubeconfigAccess(file, 'absent')).rejects.toThrow(
      /no cluster for context "absent".*one, other/,
    );
  });
});

describe('inClusterAccess', () => {
  it('reads the service account’s files, whose token changes', async () => {
    await writeFile(join(folder, 'token'), 'one');
    await writeFile(join(folder, 'ca.crt'), 'CA');
    await writeFile(join(folder, 'namespace'), 'windlass\n');
    const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const access = await inClusterAccess(environment, folder);
    expect([access.server, access.namespace]).toEqual(['https://[fd00::1]:443', 'windlass']);
    await writeFile(join(folder, 'token'), 'two');
    expect((await access.credentials()).headers).toEqual({ authorization: 'Bearer two' });
  });

  it('says what to do outside of a cluster', async () => {
    await expect(inClusterAccess({}, folder)).rejects.toThrow(/not in a cluster: .* give --kubeconfig/);
  });
});
