import { build } from './build.ts';
import type { Cluster, Health } from './cluster.ts';
import { attempt, run } from './command.ts';
import { reachesServices } from './reach.ts';
import { Unavailable } from './unavailable.ts';

// A cluster that the caller names. Nothing of it is started or stopped; two more variables say what a kubeconfig
// cannot: WINDLASS_E2E_LOAD_IMAGE, a command that takes an image archive's path (such as "minikube image load"),
// and WINDLASS_E2E_HOST, the address at which pods reach this machine.

export function existingKubeconfig(): string | undefined {
  const path = process.env['WINDLASS_E2E_KUBECONFIG'];
  return path === undefined || path === '' ? undefined : path;
}

export async function healthOfExisting(kubeconfig: string): Promise<Health> {
  const { kubectl } = await build(['kubectl']);
  const answer = await attempt(kubectl, [
    `--kubeconfig=${kubeconfig}`,
    'get',
    '--raw=/readyz',
    '--request-timeout=5s',
  ]);
  if (answer.code !== 0) {
    throw new Unavailable(
      `the cluster of WINDLASS_E2E_KUBECONFIG (${kubeconfig}) does not answer: ${answer.stderr.trim()}`,
      'start it, or unset the variable to get a cluster of its own',
    );
  }
  return { state: 'running', cluster: await clusterOf(kubectl, kubeconfig) };
}

async function clusterOf(kubectl: string, kubeconfig: string): Promise<Cluster> {
  const host = process.env['WINDLASS_E2E_HOST'];
  return {
    provider: 'existing',
    kubeconfig,
    kubectl: (args, input) =>
      run(kubectl, [`--kubeconfig=${kubeconfig}`, ...args], {
        timeout: 600_000,
        ...(input === undefined ? {} : { input }),
      }),
    loadImages,
    host: host === undefined ? undefined : { listen: '0.0.0.0', address: host },
    reachable: await reachesServices(kubectl, kubeconfig),
    logs: undefined,
    auditLog: undefined,
    apiServer: undefined,
    disasters: undefined,
  };
}

async function loadImages(archives: readonly string[]): Promise<void> {
  const command = process.env['WINDLASS_E2E_LOAD_IMAGE'];
  if (command === undefined) {
    throw new Unavailable(
      'images cannot be put into a cluster that is not ours',
      'set WINDLASS_E2E_LOAD_IMAGE to a command that takes an archive\'s path, such as "minikube image load"',
    );
  }
  const [file = '', ...args] = command.split(' ');
  for (const archive of archives) await run(file, [...args, archive], { timeout: 600_000 });
}
