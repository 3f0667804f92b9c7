import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { goldenSchema } from '#contract/model-manifest.ts';
import { readBundle, trainChurn } from '#test/bed/churn.ts';
import type { Namespace } from '#test/bed/namespace.ts';
import { Load } from '#test/support/load.ts';
import type { Figure, Measurement } from '../figure.ts';
import { MIB } from '../process-memory.ts';
import { containerMemory } from './container-memory.ts';
import type { Ground } from './ground.ts';

/** Memory of a pod that serves the bank churn model, after a minute of load. */
export function memory(ground: Ground): readonly Figure[] {
  return [
    {
      name: 'working set of a runtime pod with the churn model after load',
      goal: { atMost: 130, unit: 'MiB' },
      measure: () => ground.within('memory', (namespace, bed) => measureServing(namespace, bed)),
    },
  ];
}

async function measureServing(
  namespace: Namespace,
  bed: Parameters<typeof containerMemory>[0],
): Promise<Measurement> {
  const folder = await mkdtemp(join(tmpdir(), 'windlass-churn-'));
  try {
    const files = await readBundle(await trainChurn(folder, '1'));
    const uri = await namespace.store.putBundle(`${namespace.name}/churn/`, files);
    const deployment = namespace.deployment('churn');
    const limits = { cpu: '1', memory: '1Gi' };
    await deployment.apply({
      model: { uri },
      serving: { resources: { requests: { cpu: '250m', memory: '512Mi' }, limits } },
    });
    await deployment.ready();
    const golden = goldenSchema.parse(JSON.parse(Buffer.from(files.get('golden.json') ?? []).toString()));
    const load = new Load({
      url: await deployment.url('/predict'),
      body: JSON.stringify(golden.rows[0]?.input),
      ratePerSecond: 2000,
      connections: 'keptAlive',
      clients: 64,
    });
    await sleep(60_000);
    const report = await load.stop();
    if (report.failures.length > 0) throw new Error(`under load: ${report.failures[0]?.error}`);
    await sleep(15_000); // the kubelet measures every 10 s
    const [pod] = await containerMemory(bed, namespace.name, 'windlass.dev/model-deployment=churn');
    if (pod === undefined) throw new Error('no pod was measured');
    return {
      value: pod.workingSet / MIB,
      detail: { rssMiB: pod.rss / MIB, requests: report.sent, ...report.latencyMs },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
