import type { Dashboard } from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';
import { JOB } from '../scrape.ts';
import { dashboard, labelVariable, ONE_MODEL, oneModel } from './dashboard.ts';
import { drift } from './drift.ts';
import { heatmap, stat, timeSeries } from './panel.ts';

const pods = `job="${JOB.runtime}",${ONE_MODEL}`;
const predictions = `${pods},method="POST"`;
const RATE = '[$__rate_interval]';

const perPod = (metric: string): string => `sum by (pod) (${metric}{${pods}})`;
const quantile = (q: string): string =>
  `histogram_quantile(${q}, sum by (le) (rate(http_request_duration_seconds_bucket{${predictions}}${RATE})))`;

const now = [
  stat({
    title: 'Ready says',
    description:
      'The reason of the condition Ready; kubectl windlass status says the cause and the next step.',
    query: { expr: `max by (reason) (windlass_modeldeployment_info{${ONE_MODEL}})`, legend: '{{reason}}' },
    word: true,
  }),
  stat({
    title: 'Stable revision',
    description: 'Its number and the model’s version.',
    query: {
      expr: `max by (number, version) (windlass_modeldeployment_info{${ONE_MODEL}})`,
      legend: '{{number}} (version {{version}})',
    },
    word: true,
  }),
  stat({
    title: 'Ready pods',
    description: 'Of the stable revision; the spec asks for as many as the next figure says.',
    query: { expr: `max(windlass_modeldeployment_ready_replicas{${ONE_MODEL}})` },
  }),
  stat({
    title: 'Wanted pods',
    description: 'spec.replicas, by whoever owns it.',
    query: { expr: `max(windlass_modeldeployment_spec_replicas{${ONE_MODEL}})` },
  }),
  stat({
    title: 'Errors',
    description: 'Predictions that were answered with a 5xx, of the last 5 minutes.',
    unit: 'percentunit',
    query: {
      expr: `(sum(rate(http_requests_total{${predictions},status=~"5.."}[5m])) or vector(0)) / sum(rate(http_requests_total{${predictions}}[5m]))`,
    },
    limits: [
      [0.01, 'yellow'],
      [0.05, 'red'],
    ],
  }),
  stat({
    title: 'p99',
    description: 'Of the last 5 minutes.',
    unit: 's',
    query: {
      expr: `histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{${predictions}}[5m])))`,
    },
    limits: [
      [0.5, 'yellow'],
      [1, 'red'],
    ],
  }),
];

const requests = [
  timeSeries({
    title: 'Requests by status',
    description: 'What clients sent, once, at the pod that received it.',
    unit: 'reqps',
    stacked: true,
    queries: [
      { expr: `sum by (status) (rate(http_requests_total{${predictions}}${RATE}))`, legend: '{{status}}' },
    ],
  }),
  timeSeries({
    title: 'Requests by route',
    description: 'Predictions and everything else: pages, probes, metrics.',
    unit: 'reqps',
    queries: [
      {
        expr: `sum by (method, path) (rate(http_requests_total{${pods}}${RATE}))`,
        legend: '{{method}} {{path}}',
      },
    ],
  }),
  timeSeries({
    title: 'Latency',
    description: 'From the arrival of a prediction’s request to its answer.',
    unit: 's',
    limits: [[1, 'red']],
    queries: [
      { expr: quantile('0.5'), legend: 'p50' },
      { expr: quantile('0.95'), legend: 'p95' },
      { expr: quantile('0.99'), legend: 'p99' },
    ],
  }),
];

const outcomes = [
  timeSeries({
    title: 'Predictions by outcome',
    description: 'A shift without a change of the model is news of the world, or of a broken caller.',
    unit: 'percentunit',
    max: 1,
    stacked: true,
    queries: [
      {
        expr: `sum by (outcome) (rate(predictions_total{${pods}}${RATE})) / scalar(sum(rate(predictions_total{${pods}}${RATE})))`,
        legend: '{{outcome}}',
      },
    ],
  }),
  heatmap({
    title: 'Probabilities',
    description: 'Of classifiers: how many predictions fell into each range.',
    width: 8,
    query: {
      expr: `sum by (le) (increase(prediction_probability_bucket{${pods}}${RATE}))`,
      legend: '{{le}}',
    },
  }),
  heatmap({
    title: 'Values',
    description: 'Of regressions: how many predictions fell into each range.',
    width: 8,
    query: { expr: `sum by (le) (increase(prediction_value_bucket{${pods}}${RATE}))`, legend: '{{le}}' },
  }),
];

const running = [
  timeSeries({
    title: 'Rows that run together',
    description: 'Mean rows in a call of ONNX Runtime: requests that come together run together.',
    queries: [
      {
        expr: `sum(rate(windlass_run_rows_sum{${pods}}${RATE})) / sum(rate(windlass_run_rows_count{${pods}}${RATE}))`,
        legend: 'rows',
      },
    ],
  }),
  timeSeries({
    title: 'Time of a run',
    description:
      'Of a call of ONNX Runtime; what a request takes beyond it is waiting, checking and answering.',
    unit: 's',
    queries: [
      {
        expr: `histogram_quantile(0.5, sum by (le) (rate(windlass_run_seconds_bucket{${pods}}${RATE})))`,
        legend: 'p50',
      },
      {
        expr: `histogram_quantile(0.99, sum by (le) (rate(windlass_run_seconds_bucket{${pods}}${RATE})))`,
        legend: 'p99',
      },
    ],
  }),
  timeSeries({
    title: 'Refused',
    description: 'Predictions refused with a 503, because they would have waited too long: add pods.',
    unit: 'reqps',
    queries: [{ expr: `sum by (pod) (rate(windlass_refused_total{${pods}}${RATE}))`, legend: '{{pod}}' }],
  }),
];

const resources = [
  timeSeries({
    title: 'Memory',
    description: 'Resident memory of each pod, and the lowest limit.',
    unit: 'bytes',
    queries: [
      { expr: perPod('process_resident_memory_bytes'), legend: '{{pod}}' },
      {
        expr: `min(kube_pod_container_resource_limits{namespace="$namespace",pod=~"$name-.*",resource="memory"} and on (namespace, pod) up{${pods}})`,
        legend: 'limit',
      },
    ],
  }),
  timeSeries({
    title: 'CPU',
    description: 'Cores that each pod uses.',
    queries: [{ expr: `sum by (pod) (rate(process_cpu_seconds_total{${pods}}${RATE}))`, legend: '{{pod}}' }],
  }),
  timeSeries({
    title: 'Passed on and received',
    description:
      'By revisions that are no longer stable, and by stable ones to a candidate; all but ok were answered by the pod itself.',
    unit: 'reqps',
    queries: [
      {
        expr: `sum by (target, outcome) (rate(windlass_forwarded_total{${pods}}${RATE}))`,
        legend: 'to {{target}}: {{outcome}}',
      },
      {
        expr: `sum by (status) (rate(windlass_forwarded_received_total{${pods}}${RATE}))`,
        legend: 'received: {{status}}',
      },
    ],
  }),
  timeSeries({
    title: 'Pods by revision',
    description: 'Pods that answer Prometheus.',
    queries: [{ expr: `sum by (revision) (up{${pods}})`, legend: '{{revision}}' }],
  }),
  timeSeries({
    title: 'Loaded models',
    description:
      'Pods whose model serves, by what serves: more than one line is a rollout, or an undo that is kept warm.',
    queries: [
      {
        expr: `count by (revision, version) (model_info{${pods}} and on (pod) model_loaded{${pods}} == 1)`,
        legend: '{{revision}} (version {{version}})',
      },
    ],
  }),
  timeSeries({
    title: 'Restarts',
    description: 'Of containers, an hour back.',
    queries: [
      {
        expr: `sum by (pod) (increase(kube_pod_container_status_restarts_total{namespace="$namespace",pod=~"$name-.*"}[1h]) and on (namespace, pod) up{${pods}})`,
        legend: '{{pod}}',
      },
    ],
  }),
];

export const model: Dashboard = dashboard(
  'model',
  'One ModelDeployment: what callers get, what it predicts, whether its inputs have moved, and what it costs.',
  [
    ...oneModel,
    labelVariable(
      'feature',
      'Feature',
      'label_values(windlass_drift_samples{namespace="$namespace",name="$name"}, feature)',
      'several',
    ),
  ],
  [
    { title: 'Now', panels: now },
    { title: 'Requests', panels: requests },
    { title: 'Predictions', panels: outcomes },
    { title: 'Drift', panels: drift },
    { title: 'Runs', panels: running },
    { title: 'Pods', panels: resources },
  ],
);
