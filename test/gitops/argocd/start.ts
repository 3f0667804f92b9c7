import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BedConnection } from '#test/bed/bed.ts';
import { runKubectl } from '#test/bed/kubectl.ts';
import { build } from '#test/cluster/build.ts';
import { logTail, startChild, untilReady, type Child } from '#test/cluster/child.ts';
import { installPackages, missingPackages } from '#test/cluster/host/requirements.ts';
import { freePorts } from '#test/cluster/ports.ts';
import { printProgress } from '#test/cluster/progress.ts';
import { removeAtEnd } from '#test/cluster/watchdog.ts';
import { argoModule } from './module.ts';
import { ARGO_NAMESPACE, destinationOf, installation } from './objects.ts';

/** A real Argo CD, its programs as processes of this machine beside a Redis; it ends with the process that started it. */
export interface ArgoCd {
  /** The cluster, as an Application's destination names it. */
  readonly server: string;
  /** The address of its API, which asks for no login. */
  readonly api: string;
  /** The last lines of each program's log, for a failing test. */
  readonly logs: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

const READY_WITHIN = 60_000;
const LOOPBACK = '127.0.0.1';

export async function startArgoCd(connection: BedConnection): Promise<ArgoCd> {
  const packages = await missingPackages({ 'redis-server': 'redis-server', git: 'git' });
  await installPackages(packages, printProgress);
  const { argocd } = await build(['argocd']);
  const module = await argoModule();
  const destination = await destinationOf(connection.kubeconfig);
  const kubectl = (args: readonly string[], input?: string): Promise<string> =>
    runKubectl(connection, args, input);
  await install(kubectl, module, await installation(destination));

  const folder = await mkdtemp(join(tmpdir(), 'windlass-argocd-'));
  removeAtEnd(folder);
  const programs = await launch(argocd, await prepare(folder, module), connection.kubeconfig);
  return {
    server: destination.server,
    api: programs.api,
    logs: async () =>
      (
        await Promise.all(programs.children.map(async ({ name, log }) => `${name}:\n${await logTail(log)}`))
      ).join('\n\n'),
    stop: async () => {
      for (const child of programs.children.toReversed()) await child.stop('SIGTERM');
      await rm(folder, { recursive: true, force: true });
      await kubectl(['delete', 'namespace', ARGO_NAMESPACE, '--wait=false']);
    },
  };
}

type Run = (args: readonly string[], input?: string) => Promise<string>;

async function install(kubectl: Run, module: string, objects: readonly object[]): Promise<void> {
  const crds = join(module, 'manifests', 'crds');
  for (const crd of ['application-crd.yaml', 'applicationset-crd.yaml', 'appproject-crd.yaml'])
    await kubectl(['apply', '--server-side', '--force-conflicts', '-f', join(crds, crd)]);
  for (const kind of ['applications.argoproj.io', 'applicationsets.argoproj.io', 'appprojects.argoproj.io'])
    await untilServed(() => kubectl(['get', kind, '--all-namespaces']));
  // What a run that was killed left: without a controller nobody ends its Applications.
  for (const name of (await kubectl(['get', 'applications.argoproj.io', '-n', ARGO_NAMESPACE, '-o', 'name']))
    .split('\n')
    .filter((each) => each !== ''))
    await kubectl([
      'patch',
      name,
      '-n',
      ARGO_NAMESPACE,
      '--type=merge',
      '--patch={"metadata":{"finalizers":null}}',
    ]);
  await kubectl(['delete', 'namespace', ARGO_NAMESPACE, '--ignore-not-found', '--timeout=60s']);
  await kubectl(
    ['apply', '--server-side', '--force-conflicts', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  );
}

/** A new kind is served a moment after its definition is accepted. */
async function untilServed(read: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + READY_WITHIN;
  for (;;) {
    try {
      await read();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(100);
    }
  }
}

/** The folders and the script that Argo CD's image has, and what its programs look for them by. */
async function prepare(folder: string, module: string): Promise<Readonly<Record<string, string>>> {
  const place = async (...parts: readonly string[]): Promise<string> => {
    const path = join(folder, ...parts);
    await mkdir(path, { recursive: true });
    return path;
  };
  const programs = await place('bin');
  const wrapper = join(programs, 'git-verify-wrapper.sh');
  await copyFile(join(module, 'hack', 'git-verify-wrapper.sh'), wrapper);
  await chmod(wrapper, 0o755);
  return {
    HOME: await place('home'),
    TMPDIR: await place('tmp'),
    PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}`,
    ARGOCD_GPG_ENABLED: 'false',
    ARGOCD_TLS_DATA_PATH: await place('tls'),
    ARGOCD_SSH_DATA_PATH: await place('ssh'),
    ARGOCD_PLUGINSOCKFILEPATH: await place('plugins'),
  };
}

interface Programs {
  readonly api: string;
  readonly children: readonly Child[];
}

async function launch(
  argocd: string,
  env: Readonly<Record<string, string>>,
  kubeconfig: string,
): Promise<Programs> {
  const [redis = 0, repo = 0, repoMetrics = 0, controllerMetrics = 0, api = 0, apiMetrics = 0] =
    await freePorts(6, LOOPBACK);
  const logs = env['HOME'] ?? tmpdir();
  const children: Child[] = [];
  const start = (name: string, file: string, args: readonly string[]): Child => {
    const child = startChild({
      name,
      file,
      args,
      env: { ...env, ARGOCD_BINARY_NAME: name },
      log: join(logs, `${name}.log`),
    });
    children.push(child);
    return child;
  };
  const kube = [`--kubeconfig=${kubeconfig}`, `--namespace=${ARGO_NAMESPACE}`];
  const peers = [`--redis=${LOOPBACK}:${redis}`, `--repo-server=${LOOPBACK}:${repo}`];
  const healthy = (port: number) => async (): Promise<boolean> =>
    (await fetch(`http://${LOOPBACK}:${port}/healthz`)).ok;
  try {
    start('redis-server', 'redis-server', [
      `--port`,
      String(redis),
      '--bind',
      LOOPBACK,
      '--save',
      '',
      '--appendonly',
      'no',
    ]);
    const repoServer = start('argocd-repo-server', argocd, [
      `--redis=${LOOPBACK}:${redis}`,
      `--address=${LOOPBACK}`,
      `--port=${repo}`,
      `--metrics-address=${LOOPBACK}`,
      `--metrics-port=${repoMetrics}`,
    ]);
    const controller = start('argocd-application-controller', argocd, [
      ...kube,
      ...peers,
      `--metrics-port=${controllerMetrics}`,
    ]);
    const server = start('argocd-server', argocd, [
      ...kube,
      ...peers,
      '--insecure',
      '--disable-auth',
      `--address=${LOOPBACK}`,
      `--port=${api}`,
      `--metrics-port=${apiMetrics}`,
    ]);
    await untilReady(repoServer, healthy(repoMetrics), READY_WITHIN);
    await untilReady(controller, healthy(controllerMetrics), READY_WITHIN);
    await untilReady(server, healthy(api), READY_WITHIN);
  } catch (error) {
    for (const child of children) await child.stop();
    throw error;
  }
  return { api: `http://${LOOPBACK}:${api}`, children };
}
