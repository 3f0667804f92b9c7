import type { Figure, Measurement } from '../figure.ts';
import { Arena, median, rough } from './arena.ts';
import { bigNetwork, poolingModel } from './models/index.ts';
import { describe } from './throughput.ts';
import { asBinary, networkRows, pictureTensors } from './workloads.ts';

/** Large tensors and a large network. */
export function large(): readonly Figure[] {
  return [
    {
      name: 'throughput of binary V2 with a 3x224x224 float tensor against JSON',
      goal: { atLeast: 5, unit: 'times' },
      measure: binaryAgainstJson,
    },
    {
      name: 'throughput of the 30 MB MLP on two cores against one',
      goal: { atLeast: 1.6, unit: 'times' },
      measure: twoCores,
    },
  ];
}

function binaryAgainstJson(): Promise<Measurement> {
  return Arena.within(async (arena) => {
    const model = await poolingModel();
    const server = await arena.start('windlass', model);
    const json = await pictureTensors(model.graph);
    const contenders = [
      { server, files: await arena.workload(asBinary(json)) },
      { server, files: await arena.workload(json) },
    ];
    const rounds = await arena.rounds(contenders, { connections: 8 });
    const ratios = rounds.map(
      ([binary, text]) => (binary?.requestsPerSecond ?? Number.NaN) / (text?.requestsPerSecond ?? Number.NaN),
    );
    return {
      value: median(ratios),
      detail: {
        ratios: ratios.map(rough),
        binary: describe(rounds.flatMap(([binary]) => binary ?? [])),
        json: describe(rounds.flatMap(([, text]) => text ?? [])),
      },
    };
  });
}

/**
 * One core and the load on the other, against both cores with the load on the second of them. What the load takes there
 * is not the server's: the ratio is scaled up to two whole cores.
 */
function twoCores(): Promise<Measurement> {
  return Arena.within(async (arena) => {
    const model = await bigNetwork();
    const files = await arena.workload(await networkRows(model.graph));
    const contenders = [
      { server: await arena.start('windlass', model, { cores: [0, 1] }), files },
      { server: await arena.start('windlass', model, { cores: [0] }), files },
    ];
    const rounds = await arena.rounds(contenders, { connections: 64, spin: false });
    const corrected = rounds.map(([two, one]) => {
      const raw = (two?.requestsPerSecond ?? Number.NaN) / (one?.requestsPerSecond ?? Number.NaN);
      const share = two?.report.clientCpuShare ?? Number.NaN;
      return { raw, share, value: (raw * 2) / (2 - share) };
    });
    return {
      value: median(corrected.map(({ value }) => value)),
      detail: {
        uncorrected: corrected.map(({ raw }) => rough(raw)),
        clientCpuShare: corrected.map(({ share }) => rough(share)),
        two: describe(rounds.flatMap(([two]) => two ?? [])),
        one: describe(rounds.flatMap(([, one]) => one ?? [])),
      },
    };
  });
}
