import type { Figure, Measurement } from '../figure.ts';
import { Arena, median, rough, type Contender, type Sample } from './arena.ts';
import { bigNetwork, churnModel, smallNetwork, type BenchModel } from './models/index.ts';
import { SERVERS, TITLES, type ServerKind } from './servers.ts';
import { churnRows, churnTensors, networkRows } from './workloads.ts';

type Peer = Exclude<ServerKind, 'windlass'>;
type Comparison = ReadonlyMap<ServerKind, readonly Sample[]>;

const CONNECTIONS = 64;
const GOALS: Readonly<Partial<Record<Peer, number>>> = {
  'node-await': 2.5,
  starlette: 3.5,
  fastapi: 5,
  mlserver: 5,
};

/** Requests a second against the servers that a Windlass pod replaces, on one core each, asked in turn. */
export function throughput(): readonly Figure[] {
  const kinds = SERVERS.filter((kind) => kind !== 'node-inline');
  const comparisons = [
    { name: 'churn model', compare: once(() => compareChurn(kinds)) },
    { name: 'small MLP', compare: once(() => compareNetwork(smallNetwork, kinds)) },
  ];
  const big = once(() => compareNetwork(bigNetwork, ['windlass', 'node-await']));
  return [
    ...comparisons.flatMap(({ name, compare }) =>
      Object.entries(GOALS).map(([peer, atLeast]) => ({
        name: `throughput of the ${name} at ${CONNECTIONS} connections against ${TITLES[peer as Peer]}`,
        goal: { atLeast, unit: 'times' },
        measure: async () => ratioOf(await compare(), peer as Peer),
      })),
    ),
    {
      name: `throughput of the 30 MB MLP at ${CONNECTIONS} connections against ${TITLES['node-await']}`,
      goal: { atLeast: 4, unit: 'times' },
      measure: async () => ratioOf(await big(), 'node-await'),
    },
  ];
}

function compareChurn(kinds: readonly ServerKind[]): Promise<Comparison> {
  return Arena.within(async (arena) => {
    const model = await churnModel();
    const rows = await arena.workload(await churnRows(model.graph));
    const tensors = await arena.workload(await churnTensors(model.graph));
    return compare(arena, model, kinds, (kind) => (kind === 'mlserver' ? tensors : rows));
  });
}

function compareNetwork(load: () => Promise<BenchModel>, kinds: readonly ServerKind[]): Promise<Comparison> {
  return Arena.within(async (arena) => {
    const model = await load();
    const rows = await arena.workload(await networkRows(model.graph));
    return compare(arena, model, kinds, () => rows);
  });
}

async function compare(
  arena: Arena,
  model: BenchModel,
  kinds: readonly ServerKind[],
  files: (kind: ServerKind) => Contender['files'],
): Promise<Comparison> {
  const contenders: Contender[] = [];
  for (const kind of kinds) contenders.push({ server: await arena.start(kind, model), files: files(kind) });
  const rounds = await arena.rounds(contenders, { connections: CONNECTIONS });
  return new Map(kinds.map((kind, i) => [kind, rounds.flatMap((round) => round[i] ?? [])]));
}

/** The median of the rounds' ratios; the CPU time of a request beside it, which a busy machine disturbs less. */
function ratioOf(comparison: Comparison, peer: Peer): Measurement {
  const own = comparison.get('windlass') ?? [];
  const other = comparison.get(peer) ?? [];
  const ratios = own.map(
    (sample, i) => sample.requestsPerSecond / (other[i]?.requestsPerSecond ?? Number.NaN),
  );
  const cpu = own.map((sample, i) => (other[i]?.cpuMicroseconds ?? Number.NaN) / sample.cpuMicroseconds);
  return {
    value: median(ratios),
    detail: {
      ratios: ratios.map(rough),
      cpuTimeRatio: rough(median(cpu)),
      windlass: describe(own),
      peer: describe(other),
    },
  };
}

export function describe(samples: readonly Sample[]): Readonly<Record<string, number>> {
  const middle = (read: (sample: Sample) => number): number => rough(median(samples.map(read)));
  return {
    requestsPerSecond: middle((sample) => sample.requestsPerSecond),
    cpuMicroseconds: middle((sample) => sample.cpuMicroseconds),
    p50Ms: middle(({ report }) => report.latency.p50Ms),
    p99Ms: middle(({ report }) => report.latency.p99Ms),
    clientCpuShare: middle(({ report }) => report.clientCpuShare),
  };
}

/** Measures when first asked; figures that read the same comparison share it. */
export function once<T>(measure: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= measure());
}
