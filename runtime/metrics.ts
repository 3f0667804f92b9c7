import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { registerDriftMetrics, type DriftMonitor } from '#runtime/drift/index.ts';
import type { ReportedSide } from '#contract/pod-report.ts';
import { TrafficMetrics } from '#runtime/traffic/metrics.ts';
import type { ForwardOutcome } from '#runtime/traffic/outcome.ts';
import {
  predictionBins,
  PredictionCounts,
  type CountedPrediction,
  type PredictionBins,
  type PredictionScale,
} from './prediction-counts.ts';
import { RequestCounts, type RouteStats } from './request-counts.ts';

export type { CountedPrediction, PredictionScale } from './prediction-counts.ts';
export type { ForwardOutcome } from '#runtime/traffic/outcome.ts';

/** Plain numbers beside the counters, which Prometheus alone can read. */
export interface Totals {
  runs: number;
  rows: number;
  refused: number;
  /** Passed to the stable revision or a candidate, by how that ended. */
  readonly forwarded: Readonly<Partial<Record<ForwardOutcome, number>>>;
  /** Passed to this pod by others. */
  received: number;
}

const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5];
const ROW_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** Everything that a pod counts. Labels are bounded: routes' templates, known methods, declared outcomes. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new RequestCounts(DURATION_BUCKETS);
  #bins: PredictionBins = predictionBins(undefined);
  #counted = new PredictionCounts(this.#bins);
  readonly #predictions = new Counter({
    name: 'predictions_total',
    help: 'Predictions that clients were given, by outcome.',
    labelNames: ['outcome'] as const,
    registers: [this.#registry],
    collect: () => {
      this.#predictions.reset();
      for (const [outcome, count] of this.#counted.byOutcome()) this.#predictions.inc({ outcome }, count);
    },
  });
  readonly #loaded = gauge(this.#registry, 'model_loaded', '1 while a model serves.');
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
  /** Of the split, forwarding and copies. */
  readonly traffic = new TrafficMetrics(this.#registry, () => this.emptyPredictions());
  readonly #totals: Totals = {
    runs: 0,
    rows: 0,
    refused: 0,
    forwarded: this.traffic.totals,
    received: 0,
  };
  #values: Histogram | undefined;

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
    this.#counted.add(predictions);
    for (const { value } of predictions) {
      // A histogram throws at others, which V2 answers as binary data all the same.
      if (Number.isFinite(value)) this.#values?.observe(value);
    }
  }

  /** Counts for predictions in the bins of the model that serves. */
  emptyPredictions(): PredictionCounts {
    return new PredictionCounts(this.#bins);
  }

  /** Predictions that clients of this pod asked for, whoever answered. */
  served(): ReportedSide {
    const { requests, serverErrors, latency } = this.#requests.predictions();
    const failures: Record<string, number> = serverErrors === 0 ? {} : { server_error: serverErrors };
    return { requests, failures, latency, predictions: this.#counted.byBin() };
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
    this.#bins = predictionBins(scale);
    this.#counted = this.emptyPredictions();
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
