import { JOB } from '../scrape.ts';
import { ONE_MODEL } from './dashboard.ts';
import { stat, timeSeries } from './panel.ts';

const CHOSEN = `${ONE_MODEL},feature=~"$feature"`;
const PODS = `job="${JOB.runtime}",${CHOSEN}`;

// The verdict is the operator's: with spec.drift it adds the pods' bins up. Only the replica that leads says it.
const of = (metric: string, selector: string): string => `max by (feature) (${metric}{${selector}})`;
const psi = (selector: string): string => of('windlass_modeldeployment_drift_psi', selector);
const limit = (selector: string): string => of('windlass_modeldeployment_drift_limit', selector);
const againstLimit = (selector: string): string => `${psi(selector)} / ${limit(selector)}`;

/** Of pods that nobody adds up, without spec.drift, each by its rows. */
const BY_ROWS = `(sum by (feature) (model_prediction_drift{${PODS}} * windlass_drift_samples{${PODS}}) / sum by (feature) (windlass_drift_samples{${PODS}} and model_prediction_drift{${PODS}})) / max by (feature) (windlass_drift_limit{${PODS}}) unless on () windlass_modeldeployment_condition{${ONE_MODEL},type="Drifted"}`;

const verdict = [
  stat({
    title: 'Drifted says',
    description:
      'The condition’s status: of all pods of the stable revision together. Empty without spec.drift; Unknown: too few rows, no reference, or no pod answers.',
    query: {
      expr: `max by (status) (windlass_modeldeployment_condition{${ONE_MODEL},type="Drifted"})`,
      legend: '{{status}}',
    },
    word: true,
  }),
  stat({
    title: 'Drifted features',
    description: 'How many, and the prediction among them, are above their limit now.',
    query: { expr: `sum(${psi(ONE_MODEL)} > bool ${limit(ONE_MODEL)})` },
    limits: [[1, 'red']],
  }),
  stat({
    title: 'Farthest feature',
    description: 'The one whose index is the greatest part of its limit.',
    width: 8,
    query: { expr: `topk(1, ${againstLimit(ONE_MODEL)})`, legend: '{{feature}}' },
    word: true,
  }),
  stat({
    title: 'Its index, in limits',
    description: 'Above 1 it has drifted.',
    query: { expr: `max(${againstLimit(ONE_MODEL)})` },
    limits: [[1, 'red']],
  }),
  stat({
    title: 'Lowest limit',
    description: 'spec.drift.maxPsi, unless chance explains more in so few rows.',
    query: { expr: `min(${limit(ONE_MODEL)})` },
  }),
];

/** Whether what the model is asked is still what it was trained on. */
export const drift = [
  ...verdict,
  timeSeries({
    title: 'Drift by feature',
    width: 12,
    description:
      'Population stability index against the training data, divided by its limit: above 1, a feature has drifted. Of all pods of the stable revision together, as the operator adds them up with spec.drift; without it, of the pods by the rows that each saw, and the legend says so.',
    limits: [[1, 'red']],
    queries: [
      { expr: againstLimit(CHOSEN), legend: '{{feature}}' },
      { expr: BY_ROWS, legend: '{{feature}} (pods by their rows)' },
    ],
  }),
  timeSeries({
    title: 'Values of the chosen features',
    width: 12,
    description:
      'Shares of each bin of the reference; `missing`, `under` and `over` are where broken callers show.',
    unit: 'percentunit',
    stacked: true,
    queries: [
      {
        expr: `sum by (feature, bin) (rate(feature_values_total{${PODS}}[$__rate_interval])) / on (feature) group_left sum by (feature) (rate(feature_values_total{${PODS}}[$__rate_interval]))`,
        legend: '{{feature}}: {{bin}}',
      },
    ],
  }),
  timeSeries({
    title: 'Each pod by itself',
    width: 12,
    description:
      'The farthest feature of each pod, divided by its limit. One pod apart from the others has callers of its own, or another revision; it decides nothing.',
    limits: [[1, 'red']],
    queries: [
      {
        expr: `max by (pod) (model_prediction_drift{${PODS}} / on (pod, feature) windlass_drift_limit{${PODS}})`,
        legend: '{{pod}}',
      },
    ],
  }),
  timeSeries({
    title: 'Rows in the window',
    width: 12,
    description:
      'Of each pod, of the chosen feature that it saw least. Nothing is said of drift while all together, or a pod by itself, have too few.',
    stacked: true,
    queries: [{ expr: `min by (pod) (windlass_drift_samples{${PODS}})`, legend: '{{pod}}' }],
  }),
];
