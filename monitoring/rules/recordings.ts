import { JOB } from '../scrape.ts';
import type { Recording } from './rule.ts';

const runtime = `job="${JOB.runtime}"`;
/** Predictions are what is POSTed; probes and pages are read. */
const predictions = `${runtime},method="POST"`;
const byModel = 'by (namespace, name)';

/**
 * One series for each ModelDeployment, whichever of the operator's pods says it: what alerts join for the reason, and
 * dashboards list.
 */
const info =
  'max by (namespace, name, revision, number, version, candidate, phase, reason) (topk by (namespace, name) (1, windlass_modeldeployment_info))';

export const recordings: readonly Recording[] = [
  { record: 'windlass:modeldeployment:info', expr: info },
  {
    record: 'windlass:requests:rate5m',
    expr: `sum ${byModel} (rate(http_requests_total{${predictions}}[5m]))`,
  },
  {
    record: 'windlass:request_errors:ratio_rate5m',
    expr: `sum ${byModel} (rate(http_requests_total{${predictions},status=~"5.."}[5m])) / sum ${byModel} (rate(http_requests_total{${predictions}}[5m]))`,
  },
  {
    record: 'windlass:request_duration_seconds:p99_rate5m',
    expr: `histogram_quantile(0.99, sum by (namespace, name, le) (rate(http_request_duration_seconds_bucket{${predictions}}[5m])))`,
  },
  {
    record: 'windlass:refused:ratio_rate5m',
    expr: `sum ${byModel} (rate(windlass_refused_total{${runtime}}[5m])) / sum ${byModel} (rate(http_requests_total{${predictions}}[5m]))`,
  },
  {
    record: 'windlass:candidate_failures:ratio_rate5m',
    expr: `sum ${byModel} (rate(windlass_forwarded_total{${runtime},target="candidate",outcome!="ok"}[5m])) / sum ${byModel} (rate(windlass_forwarded_total{${runtime},target="candidate"}[5m]))`,
  },
  {
    // All pods of a revision, each by the rows that it saw: at least the index of their rows together.
    record: 'windlass:prediction_drift:by_rows',
    expr: `sum by (namespace, name, revision, feature) (model_prediction_drift{${runtime}} * windlass_drift_samples{${runtime}}) / sum by (namespace, name, revision, feature) (windlass_drift_samples{${runtime}} and model_prediction_drift{${runtime}})`,
  },
];
