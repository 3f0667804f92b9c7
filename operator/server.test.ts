import { afterEach, expect, it } from 'vitest';
import { createMetrics } from './metrics/index.ts';
import { startHealthServer, type HealthServer } from './server.ts';

let server: HealthServer | undefined;
afterEach(async () => server?.close());

async function start(notReady: () => string | undefined) {
  const metrics = createMetrics(() => []);
  server = await startHealthServer({ host: '127.0.0.1', port: 0, registry: metrics.registry, notReady });
  const { port } = server;
  const read = async (path: string, method = 'GET'): Promise<{ status: number; text: string }> => {
    const response = await fetch(`http://127.0.0.1:${String(port)}${path}`, { method });
    return { status: response.status, text: await response.text() };
  };
  return { metrics, read };
}

it('is alive at once, and ready only when nothing is missing', async () => {
  let missing: string | undefined = 'the first list of pods';
  const { read } = await start(() => missing);
  expect(await read('/healthz')).toEqual({ status: 200, text: 'ok\n' });
  expect((await read('/livez')).status).toBe(200);
  expect(await read('/readyz')).toEqual({ status: 503, text: 'not ready: the first list of pods\n' });
  missing = undefined;
  expect((await read('/readyz?verbose')).status).toBe(200);
  expect([(await read('/other')).status, (await read('/metrics', 'POST')).status]).toEqual([404, 405]);
});

it('counts under the names that controller-runtime has', async () => {
  const { metrics, read } = await start(() => undefined);
  metrics.onReconcile('error', 0.02);
  metrics.onReconcile('success', 0.02);
  metrics.onQueue.added?.();
  metrics.onQueue.retried?.();
  metrics.onQueue.taken?.(0.5);
  metrics.onQueue.depth?.(7);
  metrics.onCall({ method: 'PATCH', code: '409', seconds: 0.01 });
  metrics.onLeading(true);
  metrics.onRollout('promoted');
  metrics.onRollback('person');
  const { text } = await read('/metrics');
  for (const line of [
    'controller_runtime_reconcile_total{controller="modeldeployment",result="error"} 1',
    'controller_runtime_reconcile_errors_total{controller="modeldeployment"} 1',
    'controller_runtime_reconcile_time_seconds_count{controller="modeldeployment"} 2',
    'workqueue_adds_total{name="modeldeployment"} 1',
    'workqueue_retries_total{name="modeldeployment"} 1',
    'workqueue_depth{name="modeldeployment"} 7',
    'workqueue_queue_duration_seconds_sum{name="modeldeployment"} 0.5',
    'rest_client_requests_total{code="409",method="PATCH"} 1',
    'leader_election_master_status{name="windlass-operator"} 1',
    'windlass_rollouts_total{result="promoted"} 1',
    'windlass_rollouts_total{result="undone"} 0',
    'windlass_rollbacks_total{by="person"} 1',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});

it('says which address is taken when it cannot listen', async () => {
  await start(() => undefined);
  const port = server?.port ?? 0;
  const { registry } = createMetrics(() => []);
  const second = startHealthServer({ host: '127.0.0.1', port, registry, notReady: () => undefined });
  await expect(second).rejects.toThrow(new RegExp(`cannot listen on 127.0.0.1:${String(port)}`));
});
