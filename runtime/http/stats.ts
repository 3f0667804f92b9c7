import type { Drift } from '#runtime/drift/index.ts';
import type { Metrics } from '#runtime/metrics.ts';
import { memoryLimit } from '#runtime/engine/memory.ts';
import type { ServiceState } from '#runtime/state.ts';

/** GET /stats: how this pod does, for a person with curl; alerts and dashboards read /metrics. */
export function stats(state: ServiceState, metrics: Metrics, maxWaitMs: number | undefined): object {
  const { runs, rows, refused, forwarded, received } = metrics.totals;
  const { model } = state;
  const { rss, heapUsed, external } = process.memoryUsage();
  const backlog = model?.batcher.backlog;
  return {
    uptime_seconds: rounded(state.uptimeSeconds),
    request_stats: metrics.stats(),
    runs: {
      total: runs,
      rows,
      rows_per_run: runs === 0 ? null : rounded(rows / runs),
      busy_seconds: backlog === undefined ? null : rounded(backlog.busyMs / 1000),
      where: model?.execution.where ?? null,
    },
    queue: {
      rows: backlog?.rows ?? 0,
      wait_ms: rounded(backlog?.waitMs ?? 0),
      max_wait_ms: maxWaitMs === undefined ? null : rounded(maxWaitMs),
      refused,
    },
    drift_alerts: driftAlerts(model?.drift),
    forwarded,
    received_from_pods: received,
    memory: {
      resident_bytes: rss,
      heap_bytes: heapUsed,
      external_bytes: external,
      limit_bytes: memoryLimit(),
    },
    timestamp: new Date().toISOString(),
  };
}

/** What has drifted, the farthest first; null where there is nothing to compare with. */
function driftAlerts(drift: Drift | undefined): readonly object[] | null {
  if (drift?.kind !== 'measured') return null;
  const drifted = drift.monitor.readings().filter(({ comparison }) => comparison.state === 'drifted');
  return drifted
    .map(({ column, comparison: { psi, limit, samples } }) => ({
      feature: column.name,
      psi: rounded(psi ?? 0),
      limit: rounded(limit),
      samples,
    }))
    .toSorted((a, b) => b.psi - a.psi);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
