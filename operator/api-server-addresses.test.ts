import { expect, it } from 'vitest';
import { apiServerAddresses } from './api-server-addresses.ts';

const names: Readonly<Record<string, readonly string[]>> = {
  'api.example': ['203.0.113.7', '2001:db8::7'],
  'kubernetes.default.svc': ['10.96.0.1'],
  'fd00::1': ['fd00::1'],
};
const resolve = async (name: string) => names[name] ?? [];

it("names the kubeconfig's server, the pods' own address of it, and what the cluster's DNS says, each once", async () => {
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
  expect(await apiServerAddresses('https://api.example:8443', environment, resolve)).toEqual([
    '203.0.113.7:8443',
    '[2001:db8::7]:8443',
    '[fd00::1]:6443',
    '10.96.0.1:443',
  ]);
});

it('leaves out what does not resolve, outside of a cluster', async () => {
  const nowhere = async (name: string) => (name === 'fd00::1' ? ['fd00::1'] : []);
  expect(await apiServerAddresses('https://[fd00::1]', {}, nowhere)).toEqual(['[fd00::1]:443']);
});
