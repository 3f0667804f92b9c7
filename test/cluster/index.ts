import type { Cluster, Health } from './cluster.ts';
import { existingKubeconfig, healthOfExisting } from './existing.ts';
import { downHost, healthOfHost, upHost } from './host/provider.ts';
import { findEngine } from './kind/engine.ts';
import { downKind, healthOfKind, upKind } from './kind/provider.ts';
import { withLock } from './lock.ts';
import { provideMetrics } from './metrics.ts';
import { cacheFolder } from './paths.ts';
import { elapsed, printProgress, type Progress } from './progress.ts';

export type { Cluster, Health } from './cluster.ts';
export { startControlPlane, type ControlPlane } from './control-plane.ts';
export { build } from './build.ts';
export { startMinio, type Minio } from './minio.ts';
export { buildImages } from './images.ts';
export { Unavailable } from './unavailable.ts';

export interface DownOptions {
  readonly progress?: Progress;
}

export interface UpOptions extends DownOptions {
  /** metrics-server for `kubectl top` and the HPA; true by default. It takes a minute or two to build the first time. */
  readonly metrics?: boolean;
}

interface Provider {
  readonly name: Cluster['provider'];
  readonly up: (progress: Progress) => Promise<Cluster>;
  readonly down: () => Promise<void>;
  readonly health: () => Promise<Health>;
}

/** The cluster that the caller names, else kind where an engine answers, else this machine. */
async function choose(): Promise<Provider> {
  const existing = existingKubeconfig();
  if (existing !== undefined) {
    const health = (): Promise<Health> => healthOfExisting(existing);
    return { name: 'existing', up: () => requireRunning(health), down: () => Promise.resolve(), health };
  }
  const engine = await findEngine();
  if (engine === undefined) return { name: 'host', up: upHost, down: downHost, health: healthOfHost };
  return {
    name: 'kind',
    up: (progress) => upKind(engine, progress),
    down: () => downKind(engine),
    health: () => healthOfKind(engine),
  };
}

async function requireRunning(health: () => Promise<Health>): Promise<Cluster> {
  const found = await health();
  if (found.state !== 'running') throw new Error('the cluster is not running');
  return found.cluster;
}

function exclusively<T>(progress: Progress, work: () => Promise<T>): Promise<T> {
  const waiting = (): void => progress('  waiting for another process that starts or stops the cluster');
  return withLock(cacheFolder('cluster.lock'), waiting, work);
}

/**
 * A cluster that is up and healthy: the one that runs, or a new one in place of what an earlier run left.
 * Throws Unavailable where none can run.
 */
export async function up(options: UpOptions = {}): Promise<Cluster> {
  const progress = options.progress ?? printProgress;
  const start = performance.now();
  return exclusively(progress, async () => {
    const provider = await choose();
    const health = await provider.health();
    if (health.state === 'running') {
      if (options.metrics !== false) await provideMetrics(health.cluster, progress);
      return health.cluster;
    }
    const why = health.state === 'broken' ? ` in place of a broken one (${health.reason})` : '';
    progress(`Test cluster: starting one${why}, provider ${provider.name}`);
    const cluster = await provider.up(progress);
    if (options.metrics !== false) await provideMetrics(cluster, progress);
    progress(`Test cluster: ready after ${elapsed(start)}`);
    return cluster;
  });
}

/** Ends the cluster and leaves nothing of it; a cluster that is not ours is left alone. */
export async function down(options: DownOptions = {}): Promise<void> {
  const progress = options.progress ?? printProgress;
  await exclusively(progress, async () => {
    const provider = await choose();
    await provider.down();
    // An engine may have been started since: what the host provider left is ours all the same.
    if (provider.name !== 'host') await downHost();
  });
}

export async function status(): Promise<Health & { readonly provider: Cluster['provider'] }> {
  const provider = await choose();
  return { ...(await provider.health()), provider: provider.name };
}
