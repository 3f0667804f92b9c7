// How Prometheus knows who said something: labels of targets, as the chart's ServiceMonitor and PodMonitor set them.

/** The jobs, whatever the monitors are called: `http_requests_total` alone would count other programs as well. */
export const JOB = { operator: 'windlass-operator', runtime: 'windlass-runtime' } as const;

/** On everything that is scraped. */
const ANY_TARGET = ['job', 'instance', 'namespace', 'pod', 'container', 'endpoint'] as const;

export const TARGET_LABELS = {
  /** The operator's metrics of a ModelDeployment have its namespace, and keep it (honorLabels). */
  operator: ANY_TARGET,
  /** `name`: the ModelDeployment; `revision`: the ModelRevision. */
  runtime: [...ANY_TARGET, 'name', 'revision'],
} as const;

/** What dashboards and rules ask of others: Prometheus itself, and kube-state-metrics. All else is Windlass' own. */
export const FOREIGN_METRICS: Readonly<Record<string, readonly string[]>> = {
  up: ['job', 'instance', 'namespace', 'pod', 'name', 'revision'],
  kube_pod_container_status_restarts_total: ['namespace', 'pod', 'container'],
  kube_pod_container_resource_limits: ['namespace', 'pod', 'container', 'resource', 'unit'],
};
