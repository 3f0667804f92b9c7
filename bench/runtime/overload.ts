import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../figure.ts';
import { MIB, processMemory } from '../process-memory.ts';
import { Arena, rough } from './arena.ts';
import { runLoad } from './load/index.ts';
import { LOAD_CORE } from './arena.ts';
import { churnModel } from './models/index.ts';
import { once } from './throughput.ts';
import { churnRows } from './workloads.ts';

/** WINDLASS_OVERLOAD_SECONDS shortens the ten minutes, for whoever works on this. */
const SECONDS = Number(process.env['WINDLASS_OVERLOAD_SECONDS'] ?? 600);
const REST_MS = 30_000;
/** Callers of an overloaded server do not wait for each other: each that waits for an answer holds a connection. */
const CONNECTIONS = 1024;

/** Half as many requests again as the churn model's server can answer, for ten minutes. */
export function overload(): readonly Figure[] {
  const result = once(measure);
  return [
    {
      name: 'p99 of the admitted at 150 % of capacity against the p99 at 70 %',
      goal: { atMost: 3, unit: 'times' },
      measure: async () => {
        const { calm, report, detail } = await result();
        return { value: report.latency.p99Ms / calm.report.latency.p99Ms, detail };
      },
    },
    {
      name: 'failures but 503 at 150 % of capacity',
      goal: { atMost: 0, unit: '' },
      measure: async () => {
        const { report } = await result();
        const failures = Object.values(report.failures).reduce((sum, count) => sum + count, 0);
        return { value: failures, detail: { statuses: report.statuses, failures: report.failures } };
      },
    },
    {
      name: 'memory after 150 % of capacity against before',
      goal: { atMost: 1.1, unit: 'times' },
      measure: async () => {
        const { before, after, peak } = await result();
        const detail = { beforeMiB: before / MIB, afterMiB: after / MIB, peakMiB: peak / MIB };
        return { value: after / before, detail };
      },
    },
  ];
}

function measure() {
  return Arena.within(async (arena) => {
    const model = await churnModel();
    const server = await arena.start('windlass', model);
    const files = await arena.workload(await churnRows(model.graph));
    const contender = { server, files };
    // What is measured first warms the server up, so that the memory before is that of a server at work.
    await arena.load(contender, { connections: CONNECTIONS, seconds: 5 });
    const { requestsPerSecond } = await arena.load(contender, { connections: 64, seconds: 5 });
    const calm = await arena.load(contender, {
      connections: CONNECTIONS,
      pace: { kind: 'open', ratePerSecond: requestsPerSecond * 0.7 },
      seconds: 10,
    });
    await sleep(REST_MS);
    const before = (await processMemory(server.pid)).now;
    const report = await runLoad(
      {
        port: server.port,
        files,
        connections: CONNECTIONS,
        pace: { kind: 'open', ratePerSecond: requestsPerSecond * 1.5 },
        warmupSeconds: 1,
        seconds: SECONDS,
        allowed: [503],
        spin: true,
        serverPids: [server.pid],
      },
      LOAD_CORE,
    );
    await sleep(REST_MS);
    const { now: after, peak } = await processMemory(server.pid);
    const detail = {
      seconds: SECONDS,
      capacity: rough(requestsPerSecond),
      offered: rough(requestsPerSecond * 1.5),
      statuses: report.statuses,
      neverSent: report.unsent,
      admitted: report.latency,
      refused: report.refusedLatency,
      at70Percent: calm.report.latency,
      clientLagP99Ms: rough(report.clientLagP99Ms),
    };
    return { calm, report, before, after, peak, detail };
  });
}
