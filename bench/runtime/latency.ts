import type { Figure, Measurement } from '../figure.ts';
import { Arena, median, rough, type Contender } from './arena.ts';
import type { Workload } from './load/index.ts';
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

function belowSaturation({ model, workload }: Case): Promise<Measurement> {
  return Arena.within(async (arena) => {
    const served = await model();
    const contender: Contender = {
      server: await arena.start('windlass', served),
      files: await arena.workload(await workload(served.graph)),
    };
    const rounds = [];
    for (let round = 0; round < 3; round++) {
      const { requestsPerSecond } = await arena.load(contender, { connections: CONNECTIONS });
      const pace = { kind: 'open', ratePerSecond: requestsPerSecond * SHARE } as const;
      const pauses = await pausesOf(SERVER_CORE, 2);
      const { report } = await arena.load(contender, { connections: CONNECTIONS, pace, seconds: 5 });
      rounds.push({
        maximum: rough(requestsPerSecond),
        p50Ms: rough(report.latency.p50Ms),
        p99Ms: rough(report.latency.p99Ms),
        clientLagP99Ms: rough(report.clientLagP99Ms),
        coreLostToPauses: rough(pauses.share),
        longestPauseMs: rough(pauses.longestMs),
      });
    }
    return { value: median(rounds.map(({ p99Ms }) => p99Ms)), detail: { rounds } };
  });
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
