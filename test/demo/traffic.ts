import type { Cluster } from '#test/cluster/cluster.ts';
import { Load, type LoadReport } from '#test/support/load.ts';
import { NAME, NAMESPACE } from './manifests.ts';

const REQUESTS_PER_SECOND = 20;

/** Customers that keep asking, where this machine reaches the cluster's Services; undefined where it does not. */
export async function startTraffic(cluster: Cluster, customer: object): Promise<Load | undefined> {
  if (!cluster.reachable) return undefined;
  const address = await cluster.kubectl([
    'get',
    'service',
    NAME,
    '-n',
    NAMESPACE,
    '-o=jsonpath={.spec.clusterIP}',
  ]);
  return new Load({
    url: `http://${address}/predict`,
    body: JSON.stringify(customer),
    ratePerSecond: REQUESTS_PER_SECOND,
    connections: 'keptAlive',
    clients: 4,
  });
}

/** One line on what the customers saw. */
export function describeTraffic(report: LoadReport): string {
  const answers = [...report.revisions].map(([revision, { count }]) => `${count} by ${revision}`).join(', ');
  const failures = report.failures
    .slice(0, 3)
    .map(({ error }) => error)
    .join('; ');
  return (
    `${report.sent} requests at ${REQUESTS_PER_SECOND} a second meanwhile, ${report.failures.length} failed` +
    ` (p99 ${report.latencyMs.p99.toFixed(0)} ms): ${answers}${failures === '' ? '' : `. Failures: ${failures}`}`
  );
}
