import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CountedPrediction, PredictionCounts } from '#runtime/prediction-counts.ts';
import type { ForwardOutcome, ForwardTarget } from './outcome.ts';
import { DIFFERENCE_BOUNDS } from './shadow-counts.ts';

const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10];

type Side = 'stable' | 'candidate';

/** What this pod passes on, keeps and copies, for Prometheus: since the start, whichever candidates there were. */
export class TrafficMetrics {
  readonly #generation: Gauge;
  readonly #weight: Gauge;
  readonly #shadowPercent: Gauge;
  readonly #forwarded: Counter<'target' | 'outcome'>;
  readonly #forwardedSeconds: Histogram<'target'>;
  readonly #localSeconds: Histogram;
  readonly #shadow: Counter<'outcome'>;
  readonly #difference: Histogram;
  readonly #compared = new Map<Side, PredictionCounts>();
  readonly #empty: () => PredictionCounts;
  /** Passed to others, by how that ended; for GET /stats. */
  readonly totals: Partial<Record<ForwardOutcome, number>> = {};

  constructor(registry: Registry, empty: () => PredictionCounts) {
    this.#empty = empty;
    const registers = [registry];
    const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers });
    this.#generation = gauge(
      'windlass_traffic_generation',
      'Generation of the traffic file that this pod has applied; 0 without one.',
    );
    this.#weight = gauge(
      'windlass_traffic_weight',
      'Percent of the requests that this pod passes to a candidate.',
    );
    this.#shadowPercent = gauge(
      'windlass_traffic_shadow_percent',
      'Percent of the requests answered here that this pod copies to a candidate.',
    );
    this.#forwarded = new Counter({
      name: 'windlass_forwarded_total',
      help: 'Requests that this pod passed to the stable revision or to a candidate, by how that ended; all but ok were answered here.',
      labelNames: ['target', 'outcome'],
      registers,
    });
    this.#forwardedSeconds = new Histogram({
      name: 'windlass_forwarded_duration_seconds',
      help: 'Time of a forwarded request until its whole answer, or until it was given up.',
      labelNames: ['target'],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#localSeconds = new Histogram({
      name: 'windlass_local_duration_seconds',
      help: 'Time of the requests that a stable pod answered itself while a candidate takes a share.',
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#shadow = new Counter({
      name: 'windlass_shadow_total',
      help: 'Copies for a candidate, by what came of them.',
      labelNames: ['outcome'],
      registers,
    });
    for (const outcome of ['agreed', 'differed', 'failed', 'dropped']) this.#shadow.inc({ outcome }, 0);
    this.#difference = new Histogram({
      name: 'windlass_shadow_difference',
      help: 'The greatest difference of two answers to one request, absolute or relative, whichever is less.',
      buckets: [...DIFFERENCE_BOUNDS],
      registers,
    });
    this.#registerCompared(registry);
  }

  applied(generation: number, weight: number, shadow: number): void {
    this.#generation.set(generation);
    this.#weight.set(weight);
    this.#shadowPercent.set(shadow);
  }

  forwarded(target: ForwardTarget, outcome: ForwardOutcome, seconds: number | undefined): void {
    this.#forwarded.inc({ target, outcome });
    if (seconds !== undefined) this.#forwardedSeconds.observe({ target }, seconds);
    this.totals[outcome] = (this.totals[outcome] ?? 0) + 1;
  }

  kept(seconds: number): void {
    this.#localSeconds.observe(seconds);
  }

  predicted(by: Side, predictions: readonly CountedPrediction[]): void {
    if (predictions.length === 0) return;
    const counts = this.#compared.get(by) ?? this.#empty();
    this.#compared.set(by, counts);
    counts.add(predictions);
  }

  shadow(outcome: 'agreed' | 'differed' | 'failed' | 'dropped', difference?: number): void {
    this.#shadow.inc({ outcome });
    // A histogram throws at what is no finite number.
    if (difference !== undefined) this.#difference.observe(Math.min(difference, Number.MAX_VALUE));
  }

  #registerCompared(registry: Registry): void {
    const compared = this.#compared;
    const counter = new Counter({
      name: 'windlass_compared_predictions_total',
      help: 'Predictions that clients were given while a candidate takes a share, by who predicted, in the bins of this pod.',
      labelNames: ['by', 'bin'],
      registers: [registry],
      collect: () => {
        counter.reset();
        for (const [by, counts] of compared) {
          for (const [bin, count] of Object.entries(counts.byBin())) counter.inc({ by, bin }, count);
        }
      },
    });
  }
}
