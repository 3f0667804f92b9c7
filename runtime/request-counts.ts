import type { ReportedHistogram } from '#contract/pod-report.ts';

/** Requests of one method and route. */
interface RouteCounts {
  readonly method: string;
  readonly path: string;
  readonly statuses: Map<number, number>;
  /** How many took at most each bound, and more than the one before; the last entry is for what took longer. */
  readonly buckets: Float64Array;
  total: number;
  errors: number;
  seconds: number;
}

export interface RouteStats {
  readonly total_requests: number;
  readonly errors: number;
  readonly error_rate: number;
  readonly avg_latency_ms: number;
}

/** Requests of the routes that predict, together. */
export interface PredictionRequests {
  readonly requests: number;
  readonly serverErrors: number;
  /** In seconds. */
  readonly latency: ReportedHistogram;
}

const PREDICTS = /^\/predict(?:_batch)?$|\/infer$/;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * Counts requests by method, route and status, and their times. A metric of prom-client sorts and joins its labels at each
 * count, which is much for something done at every request; here a count is a few additions.
 */
export class RequestCounts {
  readonly #bounds: readonly number[];
  readonly #routes = new Map<string, Map<string, RouteCounts>>();

  /** `bounds`: upper limits in seconds, rising. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  /** `path` is a route's template or `other`. */
  finished(method: string, path: string, status: number, seconds: number): void {
    const counts = this.#route(METHODS.has(method) ? method : 'other', path);
    counts.total++;
    counts.seconds += seconds;
    if (status >= 400) counts.errors++;
    counts.statuses.set(status, (counts.statuses.get(status) ?? 0) + 1);
    let bucket = 0;
    while (bucket < this.#bounds.length && seconds > (this.#bounds[bucket] ?? 0)) bucket++;
    counts.buckets[bucket] = (counts.buckets[bucket] ?? 0) + 1;
  }

  /** http_requests_total and http_request_duration_seconds as Prometheus reads them. */
  text(): string {
    const totals: string[] = [];
    const durations: string[] = [];
    for (const counts of this.#each()) {
      const labels = `method="${counts.method}",path="${counts.path}"`;
      for (const [status, count] of counts.statuses)
        totals.push(`http_requests_total{${labels},status="${status}"} ${count}`);
      durations.push(...this.#durations(counts, labels));
    }
    return [
      '# HELP http_requests_total Requests of clients that were answered, by route and status. Forwarded requests count where the client sent them.',
      '# TYPE http_requests_total counter',
      ...totals,
      '',
      '# HELP http_request_duration_seconds Time from the arrival of a request to its answer.',
      '# TYPE http_request_duration_seconds histogram',
      ...durations,
      '',
    ].join('\n');
  }

  /** GET /stats: per method and route. */
  stats(): Readonly<Record<string, RouteStats>> {
    return Object.fromEntries(
      this.#each().map(({ method, path, total, errors, seconds }) => [
        `${method} ${path}`,
        {
          total_requests: total,
          errors,
          error_rate: errors / total,
          avg_latency_ms: Math.round((seconds / total) * 1e6) / 1000,
        },
      ]),
    );
  }

  /** What the predictions' routes were asked, for the operator. */
  predictions(): PredictionRequests {
    const asked = this.#each().filter(({ method, path }) => method === 'POST' && PREDICTS.test(path));
    const counts = new Float64Array(this.#bounds.length + 1);
    let requests = 0;
    let serverErrors = 0;
    for (const { total, statuses, buckets } of asked) {
      requests += total;
      for (const [status, count] of statuses) if (status >= 500) serverErrors += count;
      for (const [index, count] of buckets.entries()) counts[index] = (counts[index] ?? 0) + count;
    }
    return { requests, serverErrors, latency: { bounds: [...this.#bounds], counts: [...counts] } };
  }

  #durations({ buckets, total, seconds }: RouteCounts, labels: string): readonly string[] {
    let below = 0;
    const name = 'http_request_duration_seconds';
    const lines = this.#bounds.map((bound, i) => {
      below += buckets[i] ?? 0;
      return `${name}_bucket{le="${bound}",${labels}} ${below}`;
    });
    return [
      ...lines,
      `${name}_bucket{le="+Inf",${labels}} ${total}`,
      `${name}_sum{${labels}} ${seconds}`,
      `${name}_count{${labels}} ${total}`,
    ];
  }

  #each(): readonly RouteCounts[] {
    return this.#routes
      .values()
      .flatMap((routes) => routes.values())
      .toArray();
  }

  #route(method: string, path: string): RouteCounts {
    let routes = this.#routes.get(method);
    if (routes === undefined) this.#routes.set(method, (routes = new Map()));
    let counts = routes.get(path);
    if (counts === undefined) {
      const buckets = new Float64Array(this.#bounds.length + 1);
      counts = { method, path, statuses: new Map(), buckets, total: 0, errors: 0, seconds: 0 };
      routes.set(path, counts);
    }
    return counts;
  }
}
