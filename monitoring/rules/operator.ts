import { JOB } from '../scrape.ts';
import type { Alert } from './rule.ts';

const operator = `job="${JOB.operator}"`;

/** Whether anybody looks after the models; they serve on without. */
export const operatorAlerts: readonly Alert[] = [
  {
    alert: 'WindlassOperatorDown',
    expr: `absent(up{${operator}} == 1)`,
    for: '5m',
    severity: 'critical',
    summary: 'The Windlass operator is down',
    description:
      'No pod of the operator has answered Prometheus for 5 minutes. Models serve on; rollouts, undos and checks stand still.',
  },
  {
    alert: 'WindlassOperatorNoLeader',
    expr: `max(leader_election_master_status{${operator},name="windlass-operator"}) == 0`,
    for: '5m',
    severity: 'critical',
    summary: 'No pod of the Windlass operator leads',
    description:
      'The operator runs, but none of its pods has held the Lease for 5 minutes. Models serve on; rollouts, undos and checks stand still.',
  },
  {
    alert: 'WindlassReconcileErrors',
    expr: `sum(rate(controller_runtime_reconcile_errors_total{${operator},controller="modeldeployment"}[5m])) / sum(rate(controller_runtime_reconcile_total{${operator},controller="modeldeployment"}[5m])) > 0.1`,
    for: '15m',
    severity: 'warning',
    summary: 'The Windlass operator’s reconciles fail',
    description:
      '{{ $value | humanizePercentage }} of the reconciles have failed for 15 minutes; the limit is 10 %.',
  },
  {
    alert: 'WindlassWatchIncidents',
    expr: `sum by (resource, incident) (increase(windlass_watch_incidents_total{${operator},incident=~"expired|silent|failed"}[15m])) > 10`,
    for: '5m',
    severity: 'warning',
    summary: 'The Windlass operator cannot follow {{ $labels.resource }}',
    description:
      'Watches of {{ $labels.resource }} met "{{ $labels.incident }}" {{ $value | humanize }} times in 15 minutes; the limit is 10. What the operator knows may be old.',
  },
  {
    alert: 'WindlassNotificationsFailing',
    expr: `sum(increase(windlass_notifications_total{${operator},result!="sent"}[30m])) > 0`,
    for: '0m',
    severity: 'warning',
    summary: 'Notifications are not delivered',
    description:
      'About {{ $value | humanize }} notifications of the last 30 minutes were not delivered to the webhook, and are not tried again.',
  },
];
