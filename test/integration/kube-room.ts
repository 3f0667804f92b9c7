import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKube, kubeconfigAccess, Transport, type ConfigMap, type Kube } from '#operator/kube/index.ts';
import { createLog, type Log } from '#operator/logging.ts';
import { FaultProxy } from '#test/support/fault-proxy.ts';
import type { ControlPlane } from '#test/cluster/control-plane.ts';

export const quiet: Log = createLog('error', { write: () => undefined });

/** A client that goes straight to the API server, and one that goes through a proxy with faults. */
export interface Room {
  readonly direct: Kube;
  readonly proxy: FaultProxy;
  readonly transport: Transport;
  readonly kube: Kube;
  readonly signal: AbortSignal;
  readonly close: () => Promise<void>;
}

export async function openRoom(plane: ControlPlane): Promise<Room> {
  const folder = await mkdtemp(join(tmpdir(), 'windlass-room-'));
  const proxy = await FaultProxy.start(plane);
  const file = join(folder, 'kubeconfig');
  await proxy.writeKubeconfig(file);
  const straight = new Transport(await kubeconfigAccess(plane.kubeconfig), { userAgent: 'windlass-test' });
  const transport = new Transport(await kubeconfigAccess(file), { userAgent: 'windlass-test' });
  const ending = new AbortController();
  return {
    direct: createKube(straight),
    proxy,
    transport,
    kube: createKube(transport),
    signal: ending.signal,
    close: async () => {
      ending.abort();
      straight.close();
      transport.close();
      await proxy.stop();
      await rm(folder, { recursive: true });
    },
  };
}

export function configMap(namespace: string, name: string, value: string, label = 'yes'): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name, labels: { 'windlass.dev/test': label } },
    data: { value },
  };
}

/** Waits until the condition holds, or says what was not reached. */
export async function eventually(what: string, condition: () => boolean, withinMs = 10_000): Promise<number> {
  const started = performance.now();
  while (!condition()) {
    if (performance.now() - started > withinMs) throw new Error(`not within ${String(withinMs)} ms: ${what}`);
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
  return performance.now() - started;
}
