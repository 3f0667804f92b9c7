import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { install } from '#test/bed/start.ts';
import { build, buildImages, up, type Cluster } from '#test/cluster/index.ts';
import { run } from '#test/cluster/command.ts';
import { installPackages, missingPackages } from '#test/cluster/host/requirements.ts';
import { findEngine } from '#test/cluster/kind/engine.ts';
import { repositoryFolder } from '#test/cluster/paths.ts';
import type { Progress } from '#test/cluster/progress.ts';
import { NAMESPACE } from './manifests.ts';
import { installStore, type DemoStore } from './store.ts';
import { setUpTraining, train, type Version } from './training.ts';

export interface Ground {
  readonly cluster: Cluster;
  readonly kubectl: string;
  readonly store: DemoStore;
  /** A folder with kubectl and the plugin, to be put on PATH. */
  readonly bin: string;
}

export interface Lanes {
  readonly cluster: Progress;
  readonly images: Progress;
  readonly training: Progress;
}

/**
 * Everything the story needs. The first time, most of it is compiling: the cluster's components on one lane, training and
 * the images on another, and no more than two at once.
 */
export async function prepareGround(
  versions: readonly Version[],
  data: string | undefined,
  lanes: Lanes,
): Promise<Ground> {
  // Both lanes may lack Debian packages, and apt-get runs once at a time.
  if ((await findEngine()) === undefined) {
    await installPackages(await missingPackages({ buildah: 'buildah' }), lanes.images);
  }
  const cluster = startCluster(lanes);
  const images = (async () => {
    await setUpTraining(lanes.training);
    for (const version of versions) await train(version, data, lanes.training);
    const built = await buildImages(undefined, lanes.images);
    await (await cluster).cluster.loadImages(built.map(({ archive }) => archive));
    return built;
  })();
  const store = cluster.then(({ cluster: running }) => installStore(running, lanes.cluster));
  const [running, built, ready] = await Promise.all([cluster, images, store]);
  const tag = (target: string): string => built.find((image) => image.target === target)?.contentTag ?? '';
  lanes.cluster('helm install windlass charts/windlass');
  await install(running.helm, running.cluster.kubeconfig, {
    operator: tag('operator'),
    runtime: tag('runtime'),
  });
  await running.cleared;
  const bin = await writeCommands(running.kubectl, running.helm);
  return { cluster: running.cluster, kubectl: running.kubectl, store: ready, bin };
}

async function startCluster(lanes: Lanes) {
  // The demo needs no metrics-server, and building one takes minutes.
  const cluster = await up({ progress: lanes.cluster, metrics: false });
  const { kubectl, helm } = await build(['kubectl', 'helm'], { progress: lanes.cluster });
  // What an earlier demo left goes meanwhile.
  const cleared = cluster.kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=true']);
  cleared.catch(() => undefined); // awaited, and reported, later
  return { cluster, kubectl, helm, cleared };
}

/** kubectl, helm and the plugin in one folder: the plugin as it is installed, with this repository's Node. */
async function writeCommands(kubectl: string, helm: string): Promise<string> {
  const bin = repositoryFolder('.demo', 'bin');
  await rm(bin, { recursive: true, force: true });
  await mkdir(bin, { recursive: true });
  await symlink(kubectl, join(bin, 'kubectl'));
  await symlink(helm, join(bin, 'helm'));
  const root = repositoryFolder();
  const node = join(root, 'node_modules', '.bin', 'node');
  await run(node, ['build.ts', 'kubectl-windlass'], { cwd: root });
  const start = `exec "${node}" "${join(root, 'dist', 'kubectl-windlass.mjs')}"`;
  const plugin = {
    'kubectl-windlass': `${start} "$@"`,
    'kubectl_complete-windlass': `${start} __complete "$@"`,
  };
  for (const [name, line] of Object.entries(plugin)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${line}\n`);
    await chmod(join(bin, name), 0o755);
  }
  return bin;
}
