import type { Dashboard } from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';
import { JOB } from '../scrape.ts';
import { dashboard, ONE_MODEL, oneModel } from './dashboard.ts';
import { heatmap, stat, table, timeline, timeSeries } from './panel.ts';

const pods = `job="${JOB.runtime}",${ONE_MODEL}`;
const RATE = '[$__rate_interval]';
const FROM_CANDIDATE = `${pods},target="candidate"`;

const quantile = (q: string, metric: string, selector: string): string =>
  `histogram_quantile(${q}, sum by (le) (rate(${metric}_bucket{${selector}}${RATE})))`;
const latencies = (
  q: string,
  name: string,
): readonly { readonly expr: string; readonly legend: string }[] => [
  { expr: quantile(q, 'windlass_forwarded_duration_seconds', FROM_CANDIDATE), legend: `${name} candidate` },
  { expr: quantile(q, 'windlass_local_duration_seconds', pods), legend: `${name} stable` },
];
const share = (by: string): string =>
  `sum by (bin) (increase(windlass_compared_predictions_total{${pods},by="${by}"}[$__range])) / scalar(sum(increase(windlass_compared_predictions_total{${pods},by="${by}"}[$__range])))`;

const whereItIs = [
  stat({
    title: 'Phase',
    description: 'Where the rollout is; Stable: there is none.',
    query: { expr: `max by (phase) (windlass_modeldeployment_info{${ONE_MODEL}})`, legend: '{{phase}}' },
    word: true,
  }),
  stat({
    title: 'Ready says',
    description: 'The reason of the condition Ready. WaitingForPromotion and Paused wait for a person.',
    query: { expr: `max by (reason) (windlass_modeldeployment_info{${ONE_MODEL}})`, legend: '{{reason}}' },
    word: true,
  }),
  stat({
    title: 'Candidate',
    description: 'The ModelRevision on its way.',
    query: {
      expr: `max by (candidate) (windlass_modeldeployment_info{${ONE_MODEL}})`,
      legend: '{{candidate}}',
    },
    word: true,
    width: 6,
  }),
  stat({
    title: 'Weight',
    description: 'Percent of the requests that the candidate is meant to answer.',
    unit: 'percent',
    query: { expr: `max(windlass_rollout_weight{${ONE_MODEL}})` },
    width: 3,
  }),
  stat({
    title: 'Step',
    description: 'From 1; 0 is before the first one.',
    query: { expr: `max(windlass_rollout_step{${ONE_MODEL}})` },
    width: 3,
  }),
  stat({
    title: 'In this phase for',
    description: 'Since the phase or step began.',
    unit: 's',
    query: { expr: `time() - max(windlass_rollout_phase_since_seconds{${ONE_MODEL}})` },
    limits: [
      [14_400, 'yellow'],
      [86_400, 'red'],
    ],
  }),
];

const traffic = [
  timeSeries({
    title: 'Weight: meant and applied',
    description:
      'What the rollout asks for, and the least and the most that a stable pod has applied: they differ for a second at most.',
    unit: 'percent',
    max: 100,
    queries: [
      { expr: `max(windlass_rollout_weight{${ONE_MODEL}})`, legend: 'meant' },
      {
        // Of the stable pods alone, whichever of them applied 0 too: the others pass nothing on.
        expr: `min(windlass_traffic_weight{${pods}} and on (namespace, name, revision) windlass_modeldeployment_info{${ONE_MODEL}})`,
        legend: 'least applied',
      },
      { expr: `max(windlass_traffic_weight{${pods}})`, legend: 'most applied' },
      { expr: `max(windlass_traffic_shadow_percent{${pods}})`, legend: 'shadow copies' },
    ],
  }),
  timeSeries({
    title: 'Share that the candidate was asked',
    description: 'Of the predictions that clients asked for, those passed to the candidate.',
    unit: 'percentunit',
    queries: [
      {
        expr: `sum(rate(windlass_forwarded_total{${FROM_CANDIDATE},outcome!="skipped"}${RATE})) / sum(rate(http_requests_total{${pods},method="POST"}${RATE}))`,
        legend: 'share',
      },
    ],
  }),
  timeSeries({
    title: 'Requests',
    description: 'Predictions that clients asked for, and how many of them the candidate got.',
    unit: 'reqps',
    queries: [
      { expr: `sum(rate(http_requests_total{${pods},method="POST"}${RATE}))`, legend: 'all' },
      { expr: `sum(rate(windlass_forwarded_total{${FROM_CANDIDATE}}${RATE}))`, legend: 'candidate' },
    ],
  }),
];

const compared = [
  timeSeries({
    title: 'Errors',
    description:
      'The candidate: what it failed; callers got the stable revision’s answer instead. Clients: the 5xx that they saw.',
    unit: 'percentunit',
    limits: [[0.02, 'red']],
    queries: [
      {
        expr: `(sum(rate(windlass_forwarded_total{${FROM_CANDIDATE},outcome!="ok"}${RATE})) or vector(0)) / sum(rate(windlass_forwarded_total{${FROM_CANDIDATE}}${RATE}))`,
        legend: 'candidate',
      },
      {
        expr: `(sum(rate(http_requests_total{${pods},method="POST",status=~"5.."}${RATE})) or vector(0)) / sum(rate(http_requests_total{${pods},method="POST"}${RATE}))`,
        legend: 'clients',
      },
    ],
  }),
  timeSeries({
    title: 'Latency',
    description:
      'The candidate with the way to it, against what stable pods answered themselves in the same time.',
    unit: 's',
    queries: [...latencies('0.5', 'p50'), ...latencies('0.95', 'p95'), ...latencies('0.99', 'p99')],
  }),
  timeSeries({
    title: 'Fallbacks by cause',
    description: 'Requests that the stable revision answered because the candidate did not.',
    unit: 'reqps',
    stacked: true,
    queries: [
      {
        expr: `sum by (outcome) (rate(windlass_forwarded_total{${FROM_CANDIDATE},outcome!="ok"}${RATE}))`,
        legend: '{{outcome}}',
      },
    ],
  }),
];

const state = (name: string, value: number): string =>
  `max by (check) (windlass_rollout_check{${ONE_MODEL},state="${name}"}) * ${String(value)}`;
const checks = [
  timeline({
    title: 'Checks',
    description:
      'Each check over time. Waiting: too few samples, or no reading. kubectl windlass status has values and limits.',
    query: {
      expr: `${state('Passing', 0)} or ${state('Waiting', 1)} or ${state('Failing', 2)}`,
      legend: '{{check}}',
    },
    words: [
      { text: 'Passing', color: 'green' },
      { text: 'Waiting', color: 'yellow' },
      { text: 'Failing', color: 'red' },
    ],
  }),
];

const shadow = [
  timeSeries({
    title: 'Shadow agreement',
    description: 'Copies that both revisions answered alike, of those that both answered.',
    unit: 'percentunit',
    max: 1,
    queries: [
      {
        expr: `sum(rate(windlass_shadow_total{${pods},outcome="agreed"}${RATE})) / sum(rate(windlass_shadow_total{${pods},outcome=~"agreed|differed"}${RATE}))`,
        legend: 'agreed',
      },
    ],
  }),
  timeSeries({
    title: 'Shadow copies',
    description: 'What came of them. Dropped: too many waited; they cost no caller anything.',
    unit: 'reqps',
    stacked: true,
    queries: [
      { expr: `sum by (outcome) (rate(windlass_shadow_total{${pods}}${RATE}))`, legend: '{{outcome}}' },
    ],
  }),
  heatmap({
    title: 'Differences of a pair',
    description:
      'The greatest difference between two answers to one request, absolute or relative, whichever is less.',
    query: {
      expr: `sum by (le) (increase(windlass_shadow_difference_bucket{${pods}}${RATE}))`,
      legend: '{{le}}',
    },
    width: 8,
  }),
];

const predictions = (['stable', 'candidate'] as const).map((by) =>
  table({
    title: `Predictions of the ${by} revision`,
    description:
      'Shares by outcome or range in the time that is shown, while both answered: the two tables should look alike.',
    unit: 'percentunit',
    query: { expr: share(by) },
    columns: { bin: 'Prediction' },
    value: 'Share',
  }),
);

const running = [
  timeSeries({
    title: 'Pods by revision',
    description: 'Pods that answer Prometheus; the candidate’s grow with its weight.',
    queries: [{ expr: `sum by (revision) (up{${pods}})`, legend: '{{revision}}' }],
  }),
  timeSeries({
    title: 'Traffic file',
    description: 'Its generation in each pod: all pods should follow within a second.',
    queries: [{ expr: `max by (pod) (windlass_traffic_generation{${pods}})`, legend: '{{pod}}' }],
  }),
  timeSeries({
    title: 'CPU by revision',
    description: 'Cores that the pods of a revision use.',
    unit: 'short',
    queries: [
      { expr: `sum by (revision) (rate(process_cpu_seconds_total{${pods}}${RATE}))`, legend: '{{revision}}' },
    ],
  }),
];

export const rollout: Dashboard = dashboard(
  'rollout',
  'A candidate against the stable revision: what it gets, what it fails, and what the checks say.',
  oneModel,
  [
    { title: 'Where it is', panels: whereItIs },
    { title: 'Traffic', panels: traffic },
    { title: 'Candidate against stable', panels: compared },
    { title: 'Checks', panels: checks },
    { title: 'Shadow', panels: shadow },
    { title: 'Predictions', panels: predictions },
    { title: 'Pods', panels: running },
  ],
);
