import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifestSchema } from '#contract/model-manifest.ts';
import { printProgress } from '#test/cluster/progress.ts';
import { realDataOf, SYSTEMS, trainBundle } from '#test/portfolio/index.ts';
import type { Figure, Goal, Measurement } from '../figure.ts';

type Metrics = Readonly<Record<string, number>>;

interface Asked {
  readonly system: string;
  readonly metric: string;
  /** Compared as others published it. */
  readonly decimals?: number;
  readonly goal: Goal;
  /** Metrics that bound it with 95 % confidence. */
  readonly interval?: readonly [low: string, high: string];
}

const METRICS: readonly Asked[] = [
  { system: 'bankchurn', metric: 'auc', decimals: 3, goal: { atLeast: 0.857, unit: '' } },
  { system: 'bankchurn', metric: 'f1_weighted', decimals: 3, goal: { atLeast: 0.815, unit: '' } },
  { system: 'carvision', metric: 'rmse', goal: { atMost: 4790, unit: 'dollars' } },
  { system: 'telecom', metric: 'auc', decimals: 3, goal: { atLeast: 0.84, unit: '' } },
  {
    system: 'creditrisk',
    // One test split's AUC lies .05 to either side of it.
    metric: 'auc_cv',
    interval: ['auc_cv_low', 'auc_cv_high'],
    goal: { atLeast: 0.673, unit: 'by 5x5 cross-validation without leakage; .673 by others' },
  },
  {
    system: 'plant',
    metric: 'accuracy',
    interval: ['accuracy_low', 'accuracy_high'],
    goal: { unit: 'on the test split' },
  },
];

/** What each model is worth on the real data, which WINDLASS_DATA names: the metrics of the graph that is served. */
export function models(measure: (system: string) => Promise<Metrics> = train): readonly Figure[] {
  const trained = new Map<string, Promise<Metrics>>();
  const metricsOf = (name: string): Promise<Metrics> => {
    const known = trained.get(name) ?? measure(name);
    trained.set(name, known);
    return known;
  };
  return METRICS.map((asked) => ({
    name: `${asked.system}: ${asked.metric} on the real data`,
    goal: asked.goal,
    measure: async () => measured(await metricsOf(asked.system), asked),
  }));
}

function measured(metrics: Metrics, { metric, decimals, interval }: Asked): Measurement {
  const valueOf = (name: string): number => {
    const value = metrics[name];
    if (value === undefined)
      throw new Error(`the bundle has no metric ${name}: ${Object.keys(metrics).join(', ')}`);
    return value;
  };
  const value = valueOf(metric);
  const rounded = decimals === undefined ? value : Math.round(value * 10 ** decimals) / 10 ** decimals;
  const bounds = interval === undefined ? {} : { interval: interval.map(valueOf) };
  return { value: rounded, detail: { ...bounds, ...metrics } };
}

async function train(name: string): Promise<Metrics> {
  const system = SYSTEMS.find((each) => each.name === name);
  if (system === undefined) throw new Error(`there is no system ${name}`);
  if (realDataOf(system) === undefined) throw new Error(`WINDLASS_DATA names no folder with ${system.data}`);
  const folder = await mkdtemp(join(tmpdir(), 'windlass-figures-'));
  try {
    const bundle = await trainBundle(system, folder, '1', printProgress);
    return manifestSchema.parse(JSON.parse(await readFile(join(bundle, 'model.json'), 'utf8'))).metrics;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
