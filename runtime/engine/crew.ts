import { FailureError } from '#contract/failure.ts';
import { Lane } from './lane.ts';
import { copiesFit, type MemoryFacts } from './memory.ts';
import { chooseCrew, type Crew } from './placement.ts';
import type { Graph } from './session.ts';
import type { Tensor } from './tensor.ts';
import type { WorkerSetup } from './worker-messages.ts';

export interface CrewOptions {
  readonly spec: Omit<WorkerSetup['spec'], 'threads'>;
  readonly graph: Graph;
  readonly cores: number;
  readonly memory: MemoryFacts;
  /** Inputs of a full batch to try the cores with; undefined where a run is too long, or nothing to try is known. */
  readonly trial: { readonly rows: number; readonly inputs: () => readonly Tensor[] } | undefined;
}

export interface OpenedCrew {
  readonly lanes: readonly Lane[];
  readonly crew: Crew;
}

/** Each layout of threads is tried for so long, and at least for one batch. */
const TRIAL_MS = 150;

/** Opens the worker threads, with several cores after trying which use of them does more. */
export async function openCrew(options: CrewOptions): Promise<OpenedCrew> {
  const { cores, trial, memory } = options;
  const alone: Crew = { workers: 1, threads: cores, why: 'one core' };
  if (cores === 1) return { lanes: await openLanes(options, alone), crew: alone };
  const lanes = await openLanes(options, alone);
  if (trial === undefined)
    return { lanes, crew: { ...alone, why: `${cores} threads within a run: too slow to try more` } };
  const within = await rowsPerMs(lanes, trial);
  if (!copiesFit(memory, cores)) return { lanes, crew: chooseCrew(cores, within, undefined) };
  await closeLanes(lanes);
  const apart = await openLanes(options, { ...alone, workers: cores, threads: 1 });
  const crew = chooseCrew(cores, within, await rowsPerMs(apart, trial));
  if (crew.workers === cores) return { lanes: apart, crew };
  await closeLanes(apart);
  return { lanes: await openLanes(options, crew), crew };
}

/** One after the other: loading takes more memory than what stays. */
async function openLanes(
  { spec, graph, memory }: CrewOptions,
  { workers, threads }: Crew,
): Promise<readonly Lane[]> {
  const lanes: Lane[] = [];
  try {
    for (let i = 0; i < workers; i++) {
      const { inputs, outputs } = graph;
      lanes.push(await Lane.open({ spec: { ...spec, threads }, inputs, outputs }));
    }
  } catch (cause) {
    await closeLanes(lanes);
    throw new FailureError(
      'LoadFailed',
      `worker thread ${lanes.length + 1} of ${workers} cannot load ${spec.path}: ${String(cause)}. One copy takes about ${Math.round(memory.model / 2 ** 20)} MiB.`,
      { cause },
    );
  }
  return lanes;
}

async function closeLanes(lanes: readonly Lane[]): Promise<void> {
  await Promise.all(lanes.map((lane) => lane.close()));
}

/**
 * Rows per millisecond with all lanes busy; the first batch of each only warms it up. By each lane's lower quartile: what
 * else the machine does makes batches longer, never shorter.
 */
async function rowsPerMs(
  lanes: readonly Lane[],
  { rows, inputs }: NonNullable<CrewOptions['trial']>,
): Promise<number> {
  const warm = await Promise.all(lanes.map(async (lane) => (await lane.run(inputs())).inputs));
  const start = performance.now();
  const rates = await Promise.all(
    lanes.map(async (lane, index) => {
      let tensors = warm[index] ?? inputs();
      const durations: number[] = [];
      do {
        const begun = performance.now();
        tensors = (await lane.run(tensors)).inputs;
        durations.push(performance.now() - begun);
      } while (performance.now() - start < TRIAL_MS);
      const sorted = durations.toSorted((a, b) => a - b);
      return rows / (sorted[Math.floor(sorted.length / 4)] ?? Infinity);
    }),
  );
  return rates.reduce((sum, rate) => sum + rate, 0);
}
