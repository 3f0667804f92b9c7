import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { registerDriftMetrics, type DriftMonitor } from '#runtime/drift/index.ts';
import type { Prediction } from '#runtime/protocol/prediction.ts';
import { RequestCounts, type RouteStats } from './request-counts.ts';

/** One row's prediction as a metric sees it: its outcome and its number. */
export type CountedPrediction = Pick<Prediction, 'outcome' | 'value'>;

/** How one try to forward a request ended. `ok` went to the client; every other was answered here instead. */
export type ForwardOutcome =
  | 'ok'
  | 'connect'
  | 'reset'
  | 'timeout'
  | 'server_error'
  | 'throttled'
  | 'rejected'
  | 'too_large'
  | 'skipped';

/** What the model declares, which bounds the labels and places the buckets. */
export interface PredictionScale {
  readonly kind: 'probability' | 'value';
  readonly outcomes: readonly string[];
  readonly buckets: readonly number[];
}

/** Plain numbers beside the counters, which Prometheus alone can read. */
export interface Totals {
  runs: number;
  rows: number;
  refused: number;
  /** Passed to the stable revision, by how that ended. */
  forwarded: Partial<Record<ForwardOutcome, number>>;
  /** Passed to this pod by others. */
  received: number;
}

const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5];
const ROW_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** Everything that a pod counts. Labels are bounded: routes' templates, known methods, declared outcomes. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new RequestCounts(DURATION_BUCKETS);
  /** Predictions by outcome since the counter was last read. */
  readonly #counted = new Map<string, number>();
  readonly #predictions = new Counter({
    name: 'predictions_total',
    help: 'Predictions that clients were given, by outcome.',
    labelNames: ['outcome'] as const,
    registers: [this.#registry],
    collect: () => {
      for (const [outcome, count] of this.#counted) this.#predictions.inc({ outcome }, count);
      this.#counted.clear();
    },
  });
  readonly #loaded = gauge(this.#registry, 'model_loaded', '1 while a model serves.');
  readonly #generation = gauge(
    this.#registry,
    'windlass_traffic_generation',
    'Generation of the traffic file that this pod has applied; 0 without one.',
  );
  readonly #forwarded = new Counter({
    name: 'windlass_forwarded_total',
    help: 'Requests that this pod passed to the stable revision, by how that ended; all but ok were answered here.',
    labelNames: ['outcome'] as const,
    registers: [this.#registry],
  });
  readonly #received = new Counter({
    name: 'windlass_forwarded_received_total',
    help: 'Requests that another pod passed to this one, by status.',
    labelNames: ['status'] as const,
    registers: [this.#registry],
  });
  readonly #refused = new Counter({
    name: 'windlass_refused_total',
    help: 'Predictions that were refused with a 503 because they would have waited too long.',
    registers: [this.#registry],
  });
  readonly #runRows = new Histogram({
    name: 'windlass_run_rows',
    help: 'Rows that ran together in one call of ONNX Runtime.',
    buckets: ROW_BUCKETS,
    registers: [this.#registry],
  });
  readonly #runSeconds = new Histogram({
    name: 'windlass_run_seconds',
    help: 'Time of one call of ONNX Runtime.',
    buckets: DURATION_BUCKETS,
    registers: [this.#registry],
  });
  readonly #totals: Totals = { runs: 0, rows: 0, refused: 0, forwarded: {}, received: 0 };
  #values: Histogram | undefined;
  #outcomes: ReadonlySet<string> = new Set();

  constructor() {
    gauge(this.#registry, 'process_resident_memory_bytes', 'Resident memory.', () =>
      process.memoryUsage.rss(),
    );
    gauge(this.#registry, 'process_start_time_seconds', 'Start of the process, Unix time.').set(
      Math.round(Date.now() / 1000 - process.uptime()),
    );
    gauge(this.#registry, 'process_cpu_seconds_total', 'User and system CPU time.', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
  }

  /** A request of a client was answered. `path` is a route's template or `other`. */
  requestFinished(method: string, path: string, status: number, seconds: number): void {
    this.#requests.finished(method, path, status, seconds);
  }

  predicted(predictions: readonly CountedPrediction[]): void {
    for (const { outcome, value } of predictions) {
      const known = this.#outcomes.has(outcome) && !Number.isNaN(value) ? outcome : 'other';
      this.#counted.set(known, (this.#counted.get(known) ?? 0) + 1);
      // A histogram throws at others, which V2 answers as binary data all the same.
      if (Number.isFinite(value)) this.#values?.observe(value);
    }
  }

  modelLoaded(
    info: { revision: string; version: string; sha256: string },
    scale: PredictionScale | undefined,
  ): void {
    this.#loaded.set(1);
    new Gauge({
      name: 'model_info',
      help: 'The model that serves.',
      labelNames: ['revision', 'version', 'sha256'],
      registers: [this.#registry],
    }).set(info, 1);
    if (scale === undefined) return;
    this.#outcomes = new Set(scale.outcomes);
    for (const outcome of scale.outcomes) this.#predictions.inc({ outcome }, 0);
    this.#values = new Histogram({
      name: scale.kind === 'probability' ? 'prediction_probability' : 'prediction_value',
      help: scale.kind === 'probability' ? 'Predicted probabilities.' : 'Predicted values.',
      buckets: [...scale.buckets],
      registers: [this.#registry],
    });
  }

  measureDrift(monitor: DriftMonitor): void {
    registerDriftMetrics(this.#registry, monitor);
  }

  /** Since the start, for GET /stats. */
  get totals(): Readonly<Totals> {
    return this.#totals;
  }

  refused(): void {
    this.#refused.inc();
    this.#totals.refused++;
  }

  ran(rows: number, seconds: number): void {
    this.#runRows.observe(rows);
    this.#totals.runs++;
    this.#totals.rows += rows;
    this.#runSeconds.observe(seconds);
  }

  trafficApplied(generation: number): void {
    this.#generation.set(generation);
  }

  forwarded(outcome: ForwardOutcome): void {
    this.#forwarded.inc({ outcome });
    this.#totals.forwarded[outcome] = (this.#totals.forwarded[outcome] ?? 0) + 1;
  }

  forwardReceived(status: number): void {
    this.#received.inc({ status });
    this.#totals.received++;
  }

  /** GET /stats: per method and route. */
  stats(): Readonly<Record<string, RouteStats>> {
    return this.#requests.stats();
  }

  /** The Prometheus text format. */
  async text(): Promise<string> {
    return `${this.#requests.text()}\n${await this.#registry.metrics()}`;
  }
}

function gauge(registry: Registry, name: string, help: string, read?: () => number): Gauge {
  return new Gauge({
    name,
    help,
    registers: [registry],
    ...(read === undefined
      ? {}
      : {
          collect() {
            this.set(read());
          },
        }),
  });
}
