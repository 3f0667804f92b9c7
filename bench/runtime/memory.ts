import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure, Goal, Measurement } from '../figure.ts';
import { MIB, processMemory } from '../process-memory.ts';
import { Arena, rough } from './arena.ts';
import type { Workload } from './load/index.ts';
import { memoryGroup } from './memory-group.ts';
import { carModel, churnModel, type BenchModel } from './models/index.ts';
import { carRows, churnRows } from './workloads.ts';

const LOAD_SECONDS = 15;
const REST_MS = 10_000;

/** What a pod holds after load: in a cgroup of its own, where this machine lets one be made. */
export function memory(): readonly Figure[] {
  const figure = (
    name: string,
    goal: Goal,
    model: () => Promise<BenchModel>,
    workload: (graph: string) => Promise<Workload>,
  ): Figure => ({ name, goal, measure: () => workingSet(model, workload) });
  return [
    figure(
      'working set with the churn model after load',
      { atMost: 130, unit: 'MiB' },
      churnModel,
      churnRows,
    ),
    figure('working set with the car model of 300 trees after load', { unit: 'MiB' }, carModel, carRows),
  ];
}

async function workingSet(
  load: () => Promise<BenchModel>,
  workload: (graph: string) => Promise<Workload>,
): Promise<Measurement> {
  const model = await load();
  const group = await memoryGroup();
  try {
    return await Arena.within(async (arena) => {
      const server = await arena.start(
        'windlass',
        model,
        group === undefined ? {} : { within: group.within },
      );
      const files = await arena.workload(await workload(model.graph));
      const sample = await arena.load({ server, files }, { connections: 64, seconds: LOAD_SECONDS });
      const busy = await group?.workingSet();
      await sleep(REST_MS);
      const rss = await processMemory(server.pid);
      const rested = await group?.workingSet();
      return {
        value: (rested ?? rss.now) / MIB,
        detail: {
          of:
            group === undefined ? 'resident set: no cgroup could be made here' : 'cgroup less inactive files',
          ...(busy === undefined ? {} : { underLoadMiB: rough(busy / MIB) }),
          rssMiB: rough(rss.now / MIB),
          peakRssMiB: rough(rss.peak / MIB),
          requests: sample.report.answers,
        },
      };
    });
  } finally {
    await group?.remove();
  }
}
