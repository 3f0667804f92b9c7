import type { Dashboard } from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';
import { JOB } from '../scrape.ts';
import { dashboard, labelVariable, rowLink } from './dashboard.ts';
import { stat, table, timeSeries } from './panel.ts';

const objects = 'namespace=~"$namespace"';
const pods = `job="${JOB.runtime}",${objects}`;
const predictions = `${pods},method="POST"`;
const operator = `job="${JOB.operator}"`;
const RATE = '[$__rate_interval]';
const WAITING = 'WaitingForPromotion|Paused';

/** Each ModelDeployment once, whichever of the operator's pods tells of it. */
const distinct = (selector: string): string =>
  `count(count by (namespace, name) (windlass_modeldeployment_info{${objects}${selector}})) or vector(0)`;
const conditionCount = (type: string, status: string): string =>
  `count(count by (namespace, name) (windlass_modeldeployment_condition{${objects},type="${type}",status="${status}"})) or vector(0)`;

const states = [
  stat({
    title: 'Models',
    description: 'ModelDeployments in the chosen namespaces.',
    query: { expr: distinct('') },
  }),
  stat({
    title: 'Unavailable',
    description:
      'No pod of the stable revision is ready, or nothing was ever promoted. One that is scaled to zero is meant to be so.',
    query: {
      expr: `count(count by (namespace, name) (windlass_modeldeployment_condition{${objects},type="Available",status="False"}) unless on (namespace, name) windlass_modeldeployment_spec_replicas{${objects}} == 0) or vector(0)`,
    },
    limits: [[1, 'red']],
  }),
  stat({
    title: 'Stuck or undone',
    description: 'Stalled: nothing more happens until somebody changes something.',
    query: { expr: conditionCount('Stalled', 'True') },
    limits: [[1, 'orange']],
  }),
  stat({
    title: 'Undone',
    description: 'A ModelRollback holds.',
    query: { expr: distinct(',reason="RolledBack"') },
    limits: [[1, 'orange']],
  }),
  stat({
    title: 'Rolling out',
    description: 'A candidate is on its way.',
    query: { expr: distinct(',phase!="Stable"') },
    limits: [[1, 'blue']],
  }),
  stat({
    title: 'Waiting for a person',
    description: 'Held until somebody promotes, or paused.',
    query: { expr: distinct(`,reason=~"${WAITING}"`) },
    limits: [[1, 'yellow']],
  }),
];

const COLUMNS = {
  namespace: 'Namespace',
  name: 'Model',
  reason: 'Reason',
  number: 'Revision',
  version: 'Version',
};
const listed = (selector: string): string =>
  `max by (namespace, name, reason, number, version, phase, candidate) (windlass_modeldeployment_info{${objects},${selector}})`;
const who = [
  table({
    title: 'Not serving what the spec asks for',
    description:
      'Stuck, undone, rejected, unavailable or on its way; the reason is that of the condition Ready.',
    query: { expr: listed('reason!~"Serving|Scaling|ScaledToZero"') },
    columns: COLUMNS,
    link: rowLink('model'),
  }),
  table({
    title: 'Rollouts on their way',
    description: 'With the percent of the requests that the candidate gets.',
    unit: 'percent',
    query: {
      expr: `max by (namespace, name) (windlass_rollout_weight{${objects}}) * on (namespace, name) group_left (reason, phase, candidate) topk by (namespace, name) (1, windlass_modeldeployment_info{${objects},phase!="Stable"})`,
    },
    columns: {
      namespace: 'Namespace',
      name: 'Model',
      phase: 'Phase',
      reason: 'Reason',
      candidate: 'Candidate',
    },
    value: 'Weight',
    link: rowLink('rollout'),
  }),
  table({
    title: 'Drifted features',
    description:
      'Above their limit over all pods of the stable revision together, where the spec has drift; the index beside each.',
    width: 24,
    height: 6,
    query: {
      expr: `max by (namespace, name, feature) (windlass_modeldeployment_drift_psi{${objects}}) > max by (namespace, name, feature) (windlass_modeldeployment_drift_limit{${objects}})`,
    },
    columns: { namespace: 'Namespace', name: 'Model', feature: 'Feature' },
    value: 'Index',
    link: rowLink('model'),
  }),
];

const history = [
  timeSeries({
    title: 'Models by state',
    description: 'All namespaces, by the reason of Ready.',
    stacked: true,
    queries: [{ expr: 'max by (state) (windlass_modeldeployments)', legend: '{{state}}' }],
  }),
  timeSeries({
    title: 'Rollouts that ended',
    description:
      'In the hour before, by how. Undone: a check failed while the candidate had traffic, or after.',
    queries: [
      { expr: `sum by (result) (increase(windlass_rollouts_total{${operator}}[1h]))`, legend: '{{result}}' },
    ],
  }),
  timeSeries({
    title: 'Undos',
    description: 'In the hour before, by who asked for them.',
    queries: [
      { expr: `sum by (by) (increase(windlass_rollbacks_total{${operator}}[1h]))`, legend: 'by {{by}}' },
    ],
  }),
];

const byModel = (expr: string): readonly { readonly expr: string; readonly legend: string }[] => [
  { expr: `topk(10, ${expr})`, legend: '{{namespace}}/{{name}}' },
];
const traffic = [
  timeSeries({
    title: 'Requests',
    description: 'Predictions of the ten busiest models.',
    unit: 'reqps',
    queries: byModel(`sum by (namespace, name) (rate(http_requests_total{${predictions}}${RATE}))`),
  }),
  timeSeries({
    title: 'Errors',
    description: 'Share of predictions that were answered with a 5xx; the ten worst.',
    unit: 'percentunit',
    limits: [[0.05, 'red']],
    queries: byModel(
      `(sum by (namespace, name) (rate(http_requests_total{${predictions},status=~"5.."}${RATE})) or 0 * sum by (namespace, name) (rate(http_requests_total{${predictions}}${RATE}))) / sum by (namespace, name) (rate(http_requests_total{${predictions}}${RATE}))`,
    ),
  }),
  timeSeries({
    title: 'p99',
    description: 'The ten slowest.',
    unit: 's',
    limits: [[1, 'red']],
    queries: byModel(
      `histogram_quantile(0.99, sum by (namespace, name, le) (rate(http_request_duration_seconds_bucket{${predictions}}${RATE})))`,
    ),
  }),
];

const health = [
  timeSeries({
    title: 'Leader',
    description: 'Which pod of the operator leads: one, and always one.',
    queries: [
      {
        expr: `max by (pod) (leader_election_master_status{${operator},name="windlass-operator"})`,
        legend: '{{pod}}',
      },
    ],
  }),
  timeSeries({
    title: 'Reconciles',
    description: 'By result.',
    unit: 'ops',
    queries: [
      {
        expr: `sum by (result) (rate(controller_runtime_reconcile_total{${operator}}${RATE}))`,
        legend: '{{result}}',
      },
    ],
  }),
  timeSeries({
    title: 'Time of a reconcile, and in the queue',
    description: 'p99 of both.',
    unit: 's',
    queries: [
      {
        expr: `histogram_quantile(0.99, sum by (le) (rate(controller_runtime_reconcile_time_seconds_bucket{${operator}}${RATE})))`,
        legend: 'reconcile',
      },
      {
        expr: `histogram_quantile(0.99, sum by (le) (rate(workqueue_queue_duration_seconds_bucket{${operator}}${RATE})))`,
        legend: 'queue',
      },
    ],
  }),
  timeSeries({
    title: 'Queue',
    description: 'ModelDeployments that wait to be looked at.',
    queries: [{ expr: `sum by (pod) (workqueue_depth{${operator}})`, legend: '{{pod}}' }],
  }),
  timeSeries({
    title: 'Calls of the API server',
    description: 'By answer.',
    unit: 'reqps',
    queries: [
      { expr: `sum by (code) (rate(rest_client_requests_total{${operator}}${RATE}))`, legend: '{{code}}' },
    ],
  }),
  timeSeries({
    title: 'Watches',
    description: 'What befell them. Failed, silent and expired ones make knowledge old until they are back.',
    queries: [
      {
        expr: `sum by (incident) (increase(windlass_watch_incidents_total{${operator}}[15m]))`,
        legend: '{{incident}}',
      },
    ],
  }),
  timeSeries({
    title: 'Notifications and events',
    description: 'In the hour before: what became of notifications, and events that were not written.',
    queries: [
      {
        expr: `sum by (result) (increase(windlass_notifications_total{${operator}}[1h]))`,
        legend: 'notification {{result}}',
      },
      { expr: `sum(increase(windlass_events_dropped_total{${operator}}[1h]))`, legend: 'event dropped' },
    ],
  }),
  timeSeries({
    title: 'Memory',
    description: 'Resident memory of the operator’s pods.',
    unit: 'bytes',
    queries: [{ expr: `sum by (pod) (process_resident_memory_bytes{${operator}})`, legend: '{{pod}}' }],
  }),
  timeSeries({
    title: 'CPU and event loop',
    description: 'Cores, and the p99 delay of the event loop in seconds: much of it delays everything.',
    queries: [
      { expr: `sum by (pod) (rate(process_cpu_seconds_total{${operator}}${RATE}))`, legend: 'CPU {{pod}}' },
      { expr: `max by (pod) (nodejs_eventloop_lag_p99_seconds{${operator}})`, legend: 'delay {{pod}}' },
    ],
  }),
];

export const fleet: Dashboard = dashboard(
  'fleet',
  'All models: who is stuck, undone or on its way, what callers get, and whether the operator is well.',
  [
    labelVariable(
      'namespace',
      'Namespace',
      'label_values(windlass_modeldeployment_info, namespace)',
      'several',
    ),
  ],
  [
    { title: 'Now', panels: states },
    { title: 'Who', panels: who },
    { title: 'Rollouts', panels: history },
    { title: 'Traffic', panels: traffic },
    { title: 'The operator', panels: health },
  ],
);
