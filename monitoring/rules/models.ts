import { JOB } from '../scrape.ts';
import { WHO, type Alert } from './rule.ts';

const condition = (type: string, status: string): string =>
  `max by (namespace, name) (windlass_modeldeployment_condition{type="${type}",status="${status}"})`;
/** With the labels that a description shows. */
const withInfo = (expr: string, labels: string, info = ''): string =>
  `${expr} * on (namespace, name) group_left (${labels}) windlass:modeldeployment:info${info}`;

const RETRAINING_FAILED = 'windlass_modeldeployment_retraining{result="Failed"}';

/** What callers of a model notice, and why a model is not what its spec asks for. */
export const modelAlerts: readonly Alert[] = [
  {
    alert: 'WindlassModelUnavailable',
    // A model that was never promoted takes nothing away from anybody: that one is stalled, or its rollout is stuck.
    expr: withInfo(
      condition('Available', 'False'),
      'reason, revision',
      '{revision!="",reason!="ScaledToZero"}',
    ),
    for: '2m',
    severity: 'critical',
    summary: `No pod of ${WHO} answers`,
    description: `${WHO}: no pod of the stable revision {{ $labels.revision }} is ready; Ready says {{ $labels.reason }}.`,
  },
  {
    alert: 'WindlassModelUndone',
    expr: withInfo(condition('Stalled', 'True'), 'reason, number, version', '{reason="RolledBack"}'),
    for: '1m',
    severity: 'warning',
    summary: `${WHO} was undone`,
    description: `${WHO}: a ModelRollback holds, and revision {{ $labels.number }} (version {{ $labels.version }}) serves instead of what the spec asks for, until the spec changes.`,
  },
  {
    alert: 'WindlassModelStalled',
    expr: withInfo(condition('Stalled', 'True'), 'reason', '{reason!="RolledBack"}'),
    for: '5m',
    severity: 'warning',
    summary: `${WHO} cannot become what its spec asks for`,
    description: `${WHO}: {{ $labels.reason }}. Nothing more is tried until somebody changes something; what served before goes on.`,
  },
  {
    alert: 'WindlassPodsUnready',
    expr: 'max by (namespace, name) (windlass_modeldeployment_ready_replicas) < max by (namespace, name) (windlass_modeldeployment_spec_replicas) and max by (namespace, name) (windlass_modeldeployment_ready_replicas) > 0',
    for: '15m',
    severity: 'warning',
    summary: `Pods of ${WHO} are not ready`,
    description: `${WHO}: only {{ $value }} pods of the stable revision have been ready for 15 minutes, which is less than the spec asks for.`,
  },
  {
    alert: 'WindlassSourceUnreachable',
    expr: `${condition('ModelResolved', 'False')} and on (namespace, name) ${condition('Ready', 'True')}`,
    for: '15m',
    severity: 'warning',
    summary: `The source of ${WHO} cannot be read`,
    description: `${WHO} serves, but its source has not been readable for 15 minutes: new bytes behind its URI go unnoticed, and a new pod may have nowhere to pull from.`,
  },
  {
    alert: 'WindlassErrorRateHigh',
    expr: 'windlass:request_errors:ratio_rate5m > 0.05 and windlass:requests:rate5m > 0.1',
    for: '5m',
    severity: 'critical',
    summary: `${WHO} answers with errors`,
    description: `${WHO}: {{ $value | humanizePercentage }} of the predictions of the last 5 minutes were answered with a 5xx; the limit is 5 %.`,
  },
  {
    alert: 'WindlassLatencyHigh',
    expr: 'windlass:request_duration_seconds:p99_rate5m > 1 and windlass:requests:rate5m > 0.1',
    for: '10m',
    severity: 'warning',
    summary: `${WHO} answers slowly`,
    description: `${WHO}: the p99 of a prediction has been {{ $value | humanizeDuration }}; the limit is 1 s.`,
  },
  {
    alert: 'WindlassPredictionsRefused',
    expr: 'windlass:refused:ratio_rate5m > 0.01',
    for: '5m',
    severity: 'warning',
    summary: `${WHO} refuses predictions`,
    description: `${WHO}: {{ $value | humanizePercentage }} of the predictions of the last 5 minutes were refused with a 503, because they would have waited too long; the limit is 1 %.`,
  },
  {
    alert: 'WindlassFeaturesDrifted',
    expr: 'max by (namespace, name, feature) (windlass_modeldeployment_drift_psi) > max by (namespace, name, feature) (windlass_modeldeployment_drift_limit)',
    for: '10m',
    severity: 'warning',
    summary: `{{ $labels.feature }} of ${WHO} has drifted`,
    description: `${WHO}: the population stability index of {{ $labels.feature }} is {{ $value | printf "%.2f" }} over all pods of the stable revision together, above its limit.`,
  },
  {
    alert: 'WindlassRetrainingFailed',
    // For half an hour each, though status keeps the last one; the operator may have been away for a while before.
    expr: `max by (namespace, name, reason, job_name) (${RETRAINING_FAILED}) unless on (namespace, name, job_name) max_over_time(${RETRAINING_FAILED}[1d] offset 30m)`,
    for: '0m',
    severity: 'warning',
    summary: `A retraining of ${WHO} failed`,
    description: `${WHO}: the retraining Job {{ $labels.job_name }}, which began for {{ $labels.reason }}, failed within the last 30 minutes. What served before goes on.`,
  },
  {
    alert: 'WindlassPredictionsDrifted',
    // Of what the operator adds up itself (spec.drift), the alert for all pods tells it: not while it knows too little,
    // and not of features that are too many for it.
    expr: `windlass:prediction_drift:by_rows > on (namespace, name, revision, feature) max by (namespace, name, revision, feature) (windlass_drift_limit{job="${JOB.runtime}"}) unless on (namespace, name, feature) windlass_modeldeployment_drift_limit`,
    for: '30m',
    severity: 'warning',
    summary: `{{ $labels.feature }} of ${WHO} has drifted`,
    description: `${WHO}, revision {{ $labels.revision }}: the population stability index of {{ $labels.feature }} is {{ $value | printf "%.2f" }} over all pods, above its limit.`,
  },
];
