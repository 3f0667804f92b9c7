import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelDeployment } from '#operator/api/objects.ts';
import { OPERATOR_NAMESPACE, startBed, type RunningBed } from '#test/bed/start.ts';
import { buildImages, down } from '#test/cluster/index.ts';
import { repositoryFolder } from '#test/cluster/paths.ts';
import { NAMESPACE, Portfolio, SYSTEMS } from '#test/portfolio/index.ts';
import type { Narrator } from '../narrator.ts';
import { podMemory } from './memory.ts';
import { startPage } from './page.ts';
import { startPrometheus } from './prometheus.ts';
import { readPrometheus } from './readings.ts';
import { stateOf } from './state.ts';
import { startTraffic, stopTraffic } from './traffic.ts';

export interface PortfolioDemo {
  /** Leave the cluster running. */
  readonly keep: boolean;
  /** End after so long; undefined: with Ctrl-C. */
  readonly forMs: number | undefined;
}

/** The five models, MLflow, MinIO, Prometheus, a page about them all and a load, until somebody ends it. */
export async function demonstratePortfolio(
  narrator: Narrator,
  { keep, forMs }: PortfolioDemo,
): Promise<void> {
  const progress = narrator.lane('portfolio');
  narrator.chapter('Start a cluster, train five models');
  const bed = await startBed({ progress: narrator.lane('cluster') });
  const ends: (() => Promise<unknown>)[] = [bed.stop];
  try {
    const [training] = await buildImages(['training'], progress);
    if (training !== undefined) await bed.cluster.loadImages([training.archive]);
    const portfolio = portfolioOn(bed, progress, training?.contentTag);
    ends.push(() => portfolio.stop());
    await portfolio.delete();
    await portfolio.train();
    narrator.chapter('Register two of them in MLflow, push three to S3');
    await portfolio.publish();
    narrator.chapter('Serve all five from deploy/examples');
    await portfolio.serve();
    narrator.say(await bed.cluster.kubectl(['get', 'modeldeployments', '-n', NAMESPACE]));
    await watch(narrator, bed, portfolio, { forMs, ends });
  } finally {
    for (const end of ends.toReversed()) await end();
    if (!keep) await down({ progress: narrator.lane('cluster') });
  }
}

function portfolioOn(
  bed: RunningBed,
  progress: (line: string) => void,
  image: string | undefined,
): Portfolio {
  const { host } = bed.cluster;
  if (host === undefined)
    throw new Error('pods of this cluster cannot reach this machine, where MLflow runs');
  return new Portfolio({
    kubectl: bed.cluster.kubectl,
    host,
    store: bed.connection.store,
    folder: repositoryFolder('.demo', 'portfolio'),
    progress,
    ...(image === undefined ? {} : { trainingImage: image }),
  });
}

async function watch(
  narrator: Narrator,
  { cluster, connection }: RunningBed,
  portfolio: Portfolio,
  { forMs, ends }: { readonly forMs: number | undefined; readonly ends: (() => Promise<unknown>)[] },
): Promise<void> {
  narrator.chapter('Ask them, and look around');
  const prometheus = await startPrometheus(cluster.kubeconfig, narrator.lane('prometheus'));
  ends.push(prometheus.stop);
  const addresses = new Map<string, string>();
  if (cluster.reachable) for (const { name } of SYSTEMS) addresses.set(name, await portfolio.answering(name));
  const loads = await startTraffic(portfolio, addresses);
  const page = await startPage({
    models: addresses,
    servers: [
      {
        name: 'MLflow',
        url: portfolio.mlflow?.url ?? '',
        about: 'runs, metrics, pictures, versions and aliases',
      },
      {
        name: 'Prometheus',
        url: prometheus.url,
        about:
          'its HTTP API (/api/v1/query, /api/v1/alerts): alone, without the pages that it can be built with',
      },
      {
        name: 'MinIO',
        url: connection.store.endpoint,
        about: `S3’s API, for models and data; its keys: kubectl --kubeconfig=${cluster.kubeconfig} get secret models -n ${NAMESPACE} -o yaml`,
      },
    ],
    states: async () => {
      const text = await cluster.kubectl(['get', 'modeldeployments', '-n', NAMESPACE, '-o', 'json']);
      return (JSON.parse(text) as { readonly items: readonly ModelDeployment[] }).items.map(stateOf);
    },
    readings: () => readPrometheus(prometheus.url),
  });
  narrator.say(`Everything is linked from ${page.url}\n`);
  for (const [name, address] of addresses) narrator.say(`  ${name.padEnd(12)}${address}/`);
  narrator.say(
    `\nReady ${narrator.total} after the start. ${forMs === undefined ? 'Ctrl-C ends it.' : ''}\n`,
  );
  await untilEnd(forMs);
  page.close();
  for (const line of await stopTraffic(loads)) narrator.say(line);
  narrator.say(memoryText(await podMemory((args) => cluster.kubectl(args), [NAMESPACE, OPERATOR_NAMESPACE])));
  narrator.say(`The demo took ${narrator.total}.`);
}

async function untilEnd(forMs: number | undefined): Promise<void> {
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  // A timer keeps the process alive until then.
  const over = sleep(forMs ?? 2 ** 31 - 1, undefined, { ref: true });
  await Promise.race([interrupted, over]);
}

function memoryText(pods: Awaited<ReturnType<typeof podMemory>>): string {
  const total = pods.reduce((sum, { mebibytes }) => sum + mebibytes, 0);
  const lines = pods.map(({ pod, mebibytes }) => `  ${String(mebibytes).padStart(5)} MiB  ${pod}`);
  return [`Memory of ${pods.length} pods, ${total} MiB together:`, ...lines].join('\n');
}
