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

/** What the customers saw; `undone` is when the undo was asked for (performance.now()). */
export function describeTraffic(report: LoadReport, undone: number): string {
  const { sent, failures, latencyMs, revisions } = report;
  // The revision that was undone answered last before the other's last answer.
  const [left] = [...revisions.values()].toSorted((a, b) => a.last - b.last);
  const last = revisions.size < 2 || left === undefined ? undefined : (left.last - undone) / 1000;
  return [
    `Customers meanwhile: ${sent} requests at ${REQUESTS_PER_SECOND} a second, ${failures.length} failed, p99 ${latencyMs.p99.toFixed(0)} ms.`,
    ...failures.slice(0, 3).map(({ at, error }) => `  ${at.toISOString()} ${error}`),
    ...[...revisions].map(([revision, { count }]) => `  ${count} answered by ${revision}`),
    ...(last === undefined ? [] : [`  The last answer of version 2 came ${relative(last)}.`]),
  ].join('\n');
}

function relative(seconds: number): string {
  return seconds < 0 ? 'before the undo was typed' : `${seconds.toFixed(1)} s after the undo was typed`;
}
