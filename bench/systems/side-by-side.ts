import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { printProgress } from '#test/cluster/progress.ts';
import { Portfolio, requestsOf, SYSTEMS } from '#test/portfolio/index.ts';
import { Load, type LoadReport } from '#test/support/load.ts';
import type { Ground } from '../foundation/ground.ts';
import type { Figure, Measurement } from '../figure.ts';

const RATE = 100;
const WARM_MS = 10_000;
const MEASURED_MS = 30_000;
const CLIENTS = 8;
const PICTURES = new Set(['plant']);

/** Five models on one node, each with its manifest's limits and asked 100 times a second, all at once. */
export function sideBySide(ground: Ground): readonly Figure[] {
  let measuring: Promise<ReadonlyMap<string, LoadReport>> | undefined;
  const once = (): Promise<ReadonlyMap<string, LoadReport>> => (measuring ??= measure(ground));
  return [
    ...SYSTEMS.map(({ name }) => ({
      name: `${name} beside the four others, ${RATE} requests/s each: p95`,
      goal: { atMost: PICTURES.has(name) ? 500 : 50, unit: 'ms' },
      measure: async () => latency(await once(), name),
    })),
    {
      name: `five models side by side, ${RATE} requests/s each: requests that failed`,
      goal: { atMost: 0.1, unit: '%' },
      measure: async () => failed(await once()),
    },
  ];
}

function latency(reports: ReadonlyMap<string, LoadReport>, name: string): Measurement {
  const report = reports.get(name);
  if (report === undefined) throw new Error(`${name} was not asked`);
  const { latencyMs, sent } = report;
  return { value: latencyMs.p95, detail: { ...latencyMs, requestsPerSecond: sent / (MEASURED_MS / 1000) } };
}

function failed(reports: ReadonlyMap<string, LoadReport>): Measurement {
  const sent = [...reports.values()].reduce((sum, report) => sum + report.sent, 0);
  const failures = [...reports.values()].flatMap((report) => report.failures);
  return { value: (failures.length / sent) * 100, detail: { sent, first: failures.slice(0, 3) } };
}

async function measure(ground: Ground): Promise<ReadonlyMap<string, LoadReport>> {
  const { cluster, connection } = await ground.running();
  if (cluster.host === undefined || !cluster.reachable)
    throw new Error('this machine and the pods of this cluster do not reach each other');
  const folder = await mkdtemp(join(tmpdir(), 'windlass-figures-'));
  const { kubectl, host } = cluster;
  const portfolio = new Portfolio({
    kubectl,
    host,
    store: connection.store,
    folder,
    progress: printProgress,
  });
  try {
    await portfolio.train();
    await portfolio.publish();
    await portfolio.serve();
    await under(portfolio, WARM_MS);
    return await under(portfolio, MEASURED_MS);
  } finally {
    await portfolio.delete();
    await portfolio.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function under(portfolio: Portfolio, ms: number): Promise<ReadonlyMap<string, LoadReport>> {
  const loads = await Promise.all(
    SYSTEMS.map(async ({ name }) => {
      const [request] = await requestsOf(portfolio.bundles.get(name) ?? '');
      if (request === undefined) throw new Error(`${name} has no golden request`);
      const url = `${await portfolio.answering(name)}/predict`;
      return [
        name,
        { url, ...request, ratePerSecond: RATE, connections: 'keptAlive', clients: CLIENTS },
      ] as const;
    }),
  );
  const running = loads.map(([name, options]) => [name, new Load(options)] as const);
  await sleep(ms);
  return new Map(await Promise.all(running.map(async ([name, load]) => [name, await load.stop()] as const)));
}
