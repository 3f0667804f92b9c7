import { setTimeout as sleep } from 'node:timers/promises';
import { openCrew } from './crew.ts';
import type { Engine } from './engine.ts';
import { memoryLimit } from './memory.ts';
import type { SessionSpec } from './native.ts';
import { placeModel, placeUntimed, type Placement, type Timing } from './placement.ts';
import { timeRuns, type RunSizes, type SampleInputs } from './probe.ts';
import type { Session } from './session.ts';

/** Where a model's runs happen, for the log and GET /model/info. */
export interface Execution {
  readonly where: 'event loop' | 'worker threads';
  readonly workers: number;
  /** Threads of ONNX Runtime within one run. */
  readonly threads: number;
  readonly why: string;
}

export interface ChooseOptions extends RunSizes {
  readonly spec: Omit<SessionSpec, 'threads'>;
  /** Whole cores of the CPU limit. */
  readonly cores: number;
  /** Inputs of so many rows to try the model with; undefined where none could be made up. */
  readonly sample: SampleInputs | undefined;
  /** Sizes other than the number of rows are open: the samples say little of how long a request's run takes. */
  readonly openSizes: boolean;
  /** Bytes that the process had before the session was opened, and that the session takes. */
  readonly memory: { readonly used: number; readonly model: number };
}

export interface Chosen {
  readonly engine: Engine;
  readonly execution: Execution;
  readonly cap: number;
  /** Most rows of a run of one request alone. */
  readonly own: number;
  /** What a row costs in a full run; undefined where it is not known. */
  readonly msPerRow: number | undefined;
}

/** Slower runs are not tried several ways: the start would take too long. */
const SLOW_TRIAL_MS = 500;

/** Times the model in this thread, and keeps it here or moves it to worker threads, which then have the only copies. */
export async function chooseEngine(session: Session, options: ChooseOptions): Promise<Chosen> {
  const { sample } = options;
  const timings = sample === undefined ? [] : timed(session, sample, options);
  const placement = place(timings, options);
  const { cap, own } = placement;
  const full = timings.findLast(({ rows }) => rows <= cap);
  const msPerRow = full === undefined ? undefined : full.ms / full.rows;
  if (placement.kind === 'inline') {
    const execution: Execution = { where: 'event loop', workers: 0, threads: 1, why: placement.why };
    return { engine: { kind: 'inline', session }, execution, cap, own, msPerRow };
  }
  const { inputs, outputs } = session;
  session.release();
  // The memory of the session goes in a later turn, before it is loaded again elsewhere.
  await sleep(0);
  const short = msPerRow !== undefined && msPerRow * cap <= SLOW_TRIAL_MS;
  const { lanes, crew } = await openCrew({
    spec: options.spec,
    graph: { inputs, outputs },
    // One GPU does not run two batches at a time any sooner.
    cores: options.spec.provider === 'cuda' ? 1 : options.cores,
    memory: { ...options.memory, limit: memoryLimit() },
    trial: short && sample !== undefined ? { rows: cap, inputs: () => sample(cap, 0) } : undefined,
  });
  const why = options.cores === 1 ? placement.why : `${placement.why}; ${crew.why}`;
  return {
    engine: { kind: 'workers', lanes, graph: { inputs, outputs } },
    execution: { where: 'worker threads', workers: crew.workers, threads: crew.threads, why },
    cap,
    own,
    msPerRow,
  };
}

function place(timings: readonly Timing[], { cores, openSizes, limit, spec }: ChooseOptions): Placement {
  if (timings.length === 0) return placeUntimed('no inputs could be made up to time a run');
  const placed = placeModel(timings, cores, limit);
  // What a GPU's memory holds beyond the rows that were asked for was not tried.
  const placement = openSizes || spec.provider === 'cuda' ? { ...placed, own: placed.cap } : placed;
  if (!openSizes || placement.kind === 'workers') return placement;
  return {
    ...placement,
    kind: 'workers',
    why: "sizes other than the number of rows are open, and with them how long a request's run takes",
  };
}

/** Nothing where the graph refuses what was made up for it. */
function timed(session: Session, sample: SampleInputs, sizes: RunSizes): readonly Timing[] {
  try {
    return timeRuns(session, sample, sizes);
  } catch {
    return [];
  }
}
