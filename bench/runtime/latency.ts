import type { Figure, Measurement } from '../figure.ts';
import { Arena, median, rough, type Contender } from './arena.ts';
import type { LoadReport, Workload } from './load/index.ts';
import { churnModel, smallNetwork, type BenchModel } from './models/index.ts';
import { pausesOf } from './pauses.ts';
import { SERVER_CORE } from './servers.ts';
import { describe } from './throughput.ts';
import { churnRows, networkRows } from './workloads.ts';

const CONNECTIONS = 64;
const SHARE = 0.7;

interface Case {
  readonly name: string;
  readonly model: () => Promise<BenchModel>;
  readonly workload: (graph: string) => Promise<Workload>;
}

const CASES: readonly Case[] = [
  { name: 'churn model', model: churnModel, workload: churnRows },
  { name: 'small MLP', model: smallNetwork, workload: (graph) => networkRows(graph) },
];

/** What a caller waits: below saturation, and alone. */
export function latency(): readonly Figure[] {
  return CASES.flatMap((each) => [
    {
      name: `p99 of the ${each.name} at 70 % of its own maximum`,
      goal: { atMost: 5, unit: 'ms' },
      measure: () => belowSaturation(each),
    },
    {
      name: `p50 of the ${each.name} at one connection against answering inline`,
      goal: { atMost: 1.1, unit: 'times' },
      measure: () => alone(each),
    },
  ]);
}

/** Beside it, what a server that awaits each run takes at 70 % of its own maximum: neither can be calmer than the machine. */
function belowSaturation({ model, workload }: Case): Promise<Measurement> {
  return Arena.within(async (arena) => {
    const served = await model();
    const files = await arena.workload(await workload(served.graph));
    const own = { server: await arena.start('windlass', served), files };
    const awaiting = { server: await arena.start('node-await', served), files };
    const rounds = [];
    for (let round = 0; round < 3; round++) {
      const pauses = await pausesOf(SERVER_CORE, 2);
      const { maximum, latency } = await atShare(arena, own);
      const other = await atShare(arena, awaiting);
      rounds.push({
        maximum: rough(maximum),
        p50Ms: rough(latency.p50Ms),
        p99Ms: rough(latency.p99Ms),
        awaitingP99Ms: rough(other.latency.p99Ms),
        coreLostToPauses: rough(pauses.share),
        longestPauseMs: rough(pauses.longestMs),
      });
    }
    return { value: median(rounds.map(({ p99Ms }) => p99Ms)), detail: { rounds } };
  });
}

async function atShare(
  arena: Arena,
  contender: Contender,
): Promise<{ readonly maximum: number; readonly latency: LoadReport['latency'] }> {
  const { requestsPerSecond: maximum } = await arena.load(contender, { connections: CONNECTIONS });
  const pace = { kind: 'open', ratePerSecond: maximum * SHARE } as const;
  const { report } = await arena.load(contender, { connections: CONNECTIONS, pace, seconds: 5 });
  return { maximum, latency: report.latency };
}

function alone({ model, workload }: Case): Promise<Measurement> {
  return Arena.within(async (arena) => {
    const served = await model();
    const files = await arena.workload(await workload(served.graph));
    const contenders = [
      { server: await arena.start('windlass', served), files },
      { server: await arena.start('node-inline', served), files },
    ];
    const rounds = await arena.rounds(contenders, { connections: 1, seconds: 2 }, 5);
    const ratios = rounds.map(
      ([own, inline]) =>
        (own?.report.latency.p50Ms ?? Number.NaN) / (inline?.report.latency.p50Ms ?? Number.NaN),
    );
    return {
      value: median(ratios),
      detail: {
        ratios: ratios.map(rough),
        windlass: describe(rounds.flatMap(([own]) => own ?? [])),
        inline: describe(rounds.flatMap(([, inline]) => inline ?? [])),
      },
    };
  });
}
