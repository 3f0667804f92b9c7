import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure, Measurement } from '../figure.ts';
import { MIB } from '../process-memory.ts';
import { endOf, operatorWrites, total } from './audit.ts';
import type { Ground } from './ground.ts';
import { containerMemory } from './container-memory.ts';
import { putVersion } from './traffic.ts';

const COUNT = 50;
const REST_MS = 5 * 60_000;

/** Fifty ModelDeployments that nobody touches: no writes, and little memory. */
export function rest(ground: Ground): readonly Figure[] {
  let writes: Measurement | undefined;
  let memory: Measurement | undefined;
  const measure = async (): Promise<void> => {
    if (writes !== undefined) return;
    await ground.within('rest', async (namespace, bed) => {
      const uri = await putVersion(namespace, 1);
      const deployments = Array.from({ length: COUNT }, (_, index) => namespace.deployment(`rest-${index}`));
      for (const deployment of deployments) {
        await deployment.apply({
          model: { uri },
          serving: { resources: { requests: { cpu: '1m', memory: '64Mi' } } },
        });
      }
      for (const deployment of deployments) await deployment.ready(300_000);
      await sleep(30_000);
      const { auditLog, operatorNamespace } = bed.connection;
      if (auditLog === undefined) throw new Error('this cluster has no audit log that we can read');
      const from = await endOf(auditLog);
      await sleep(REST_MS);
      const counts = await operatorWrites(auditLog, from);
      writes = { value: total(counts), detail: Object.fromEntries(counts) };
      const each = await containerMemory(bed, operatorNamespace, 'app.kubernetes.io/name=windlass');
      memory = {
        value: Math.max(...each.map(({ rss }) => rss)) / MIB,
        detail: {
          each: each.map(({ rss, workingSet }) => ({ rssMiB: rss / MIB, workingSetMiB: workingSet / MIB })),
        },
      };
    });
  };
  return [
    {
      name: `writes by the operator over ${REST_MS / 60_000} min at rest, ${COUNT} ModelDeployments`,
      goal: { atMost: 0, unit: '' },
      measure: async () => {
        await measure();
        return writes ?? { value: Number.NaN };
      },
    },
    {
      name: `memory of the operator with ${COUNT} ModelDeployments`,
      goal: { atMost: 100, unit: 'MiB' },
      measure: async () => {
        await measure();
        return memory ?? { value: Number.NaN };
      },
    },
  ];
}
