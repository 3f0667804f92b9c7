import { expect, test, vi } from 'vitest';
import { loadKubeconfig } from './kubeconfig.ts';

test('where there is no kubeconfig at all it says so, and makes no cluster up', () => {
  for (const name of ['HOME', 'HOMEDRIVE', 'HOMEPATH', 'USERPROFILE']) vi.stubEnv(name, '/no/such/home');
  vi.stubEnv('KUBECONFIG', '');
  vi.stubEnv('KUBERNETES_SERVICE_HOST', '');
  expect(() => loadKubeconfig()).toThrow('there is no kubeconfig');
  vi.unstubAllEnvs();
});
