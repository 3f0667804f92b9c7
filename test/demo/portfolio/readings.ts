import { z } from 'zod';
import { JOB } from '../../../monitoring/scrape.ts';

/** An alert that waits for its time or fires. */
export interface RaisedAlert {
  readonly alert: string;
  readonly state: 'pending' | 'firing';
  /** The ModelDeployment; '' of an alert about something else. */
  readonly model: string;
  readonly severity: string;
  readonly since: Date;
  readonly summary: string;
}

/** Of the last minute; undefined: nobody asked. */
export interface Numbers {
  readonly requestsPerSecond: number | undefined;
  readonly p95Seconds: number | undefined;
  /** Share of 5xx. */
  readonly errors: number | undefined;
}

export interface Readings {
  readonly alerts: readonly RaisedAlert[];
  readonly models: ReadonlyMap<string, Numbers>;
}

const POSTED = `job="${JOB.runtime}",method="POST"`;
const ALL = `sum by (name) (rate(http_requests_total{${POSTED}}[1m]))`;
const QUERIES = {
  requestsPerSecond: ALL,
  p95Seconds: `histogram_quantile(0.95, sum by (name, le) (rate(http_request_duration_seconds_bucket{${POSTED}}[1m])))`,
  // A model that never failed has no series of failures: that is none of them, not nothing.
  errors: `(sum by (name) (rate(http_requests_total{${POSTED},status=~"5.."}[1m])) or 0 * ${ALL}) / ${ALL}`,
} as const;

const alertsSchema = z.object({
  data: z.object({
    alerts: z.array(
      z.object({
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()),
        state: z.enum(['pending', 'firing']),
        activeAt: z.coerce.date(),
      }),
    ),
  }),
});

const vectorSchema = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});

/** Alerts, and each model's numbers, from Prometheus' HTTP API. */
export async function readPrometheus(url: string): Promise<Readings> {
  const [alerts, requestsPerSecond, p95Seconds, errors] = await Promise.all([
    get(`${url}/api/v1/alerts`).then(raisedAlerts),
    query(url, QUERIES.requestsPerSecond),
    query(url, QUERIES.p95Seconds),
    query(url, QUERIES.errors),
  ]);
  const models = [...requestsPerSecond].map(([name, rate]) => {
    const numbers = {
      requestsPerSecond: rate,
      p95Seconds: p95Seconds.get(name),
      errors: errors.get(name),
    };
    return [name, numbers] as const;
  });
  return { alerts, models: new Map(models) };
}

/** What GET /api/v1/alerts says: those that fire first, the oldest of them first. */
export function raisedAlerts(answer: unknown): readonly RaisedAlert[] {
  const { alerts } = alertsSchema.parse(answer).data;
  return alerts
    .map(({ labels, annotations, state, activeAt }) => ({
      alert: labels['alertname'] ?? '',
      state,
      model: labels['name'] ?? '',
      severity: labels['severity'] ?? '',
      since: activeAt,
      summary: annotations['summary'] ?? '',
    }))
    .toSorted((a, b) => a.state.localeCompare(b.state) || a.since.getTime() - b.since.getTime());
}

/** The label name -> value of an instant query; what is no number is left out. */
export function valuesByName(answer: unknown): ReadonlyMap<string, number> {
  const { result } = vectorSchema.parse(answer).data;
  return new Map(
    result.flatMap(({ metric, value: [, text] }) => {
      const value = Number(text);
      return Number.isFinite(value) ? [[metric['name'] ?? '', value] as const] : [];
    }),
  );
}

async function query(url: string, text: string): Promise<ReadonlyMap<string, number>> {
  return valuesByName(await get(`${url}/api/v1/query?query=${encodeURIComponent(text)}`));
}

async function get(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response.json();
}
