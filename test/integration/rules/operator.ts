import { type AlertCase, OPERATOR, type Series } from './series.ts';

export const operatorCases: readonly AlertCase[] = [
  {
    alert: 'WindlassOperatorDown',
    fires: {
      series: { [`up{${OPERATOR}}`]: '0x60' },
      at: '6m',
      labels: { severity: 'critical' },
      summary: 'The Windlass operator is down',
      description:
        'No pod of the operator has answered Prometheus for 5 minutes. Models serve on; rollouts, undos and checks stand still.',
    },
    quiet: {
      'one of two pods answers': {
        series: { [`up{${OPERATOR}}`]: '0x60', 'up{job="windlass-operator",pod="windlass-1"}': '1x60' },
        at: '30m',
      },
    },
  },
  {
    alert: 'WindlassOperatorNoLeader',
    fires: {
      series: { [`leader_election_master_status{${OPERATOR},name="windlass-operator"}`]: '0x60' },
      at: '6m',
      labels: { severity: 'critical' },
      summary: 'No pod of the Windlass operator leads',
      description:
        'The operator runs, but none of its pods has held the Lease for 5 minutes. Models serve on; rollouts, undos and checks stand still.',
    },
    quiet: {
      'another pod leads': {
        series: {
          [`leader_election_master_status{${OPERATOR},name="windlass-operator"}`]: '0x60',
          'leader_election_master_status{job="windlass-operator",pod="windlass-1",name="windlass-operator"}':
            '1x60',
        },
        at: '30m',
      },
    },
  },
  {
    alert: 'WindlassReconcileErrors',
    fires: {
      series: reconciles({ all: 60, failed: 15 }),
      at: '30m',
      labels: { severity: 'warning' },
      summary: 'The Windlass operator’s reconciles fail',
      description: '25% of the reconciles have failed for 15 minutes; the limit is 10 %.',
    },
    quiet: { 'some fail': { series: reconciles({ all: 60, failed: 3 }), at: '40m' } },
  },
  {
    alert: 'WindlassWatchIncidents',
    fires: {
      series: { [`windlass_watch_incidents_total{${OPERATOR},resource="pods",incident="failed"}`]: '0+2x60' },
      at: '30m',
      labels: { resource: 'pods', incident: 'failed', severity: 'warning' },
      summary: 'The Windlass operator cannot follow pods',
      description:
        'Watches of pods met "failed" 30 times in 15 minutes; the limit is 10. What the operator knows may be old.',
    },
    quiet: {
      'watches end and begin as they do': {
        series: {
          [`windlass_watch_incidents_total{${OPERATOR},resource="pods",incident="watched"}`]: '0+2x60',
        },
        at: '30m',
      },
    },
  },
  {
    alert: 'WindlassNotificationsFailing',
    fires: {
      series: { [`windlass_notifications_total{${OPERATOR},result="failed"}`]: '0x10 1x60' },
      at: '31m',
      labels: { severity: 'warning' },
      summary: 'Notifications are not delivered',
      description:
        'About 1 notifications of the last 30 minutes were not delivered to the webhook, and are not tried again.',
    },
    quiet: {
      'all are sent': {
        series: {
          [`windlass_notifications_total{${OPERATOR},result="sent"}`]: '0+5x60',
          [`windlass_notifications_total{${OPERATOR},result="failed"}`]: '0x60',
        },
        at: '30m',
      },
    },
  },
];

function reconciles({ all, failed }: { readonly all: number; readonly failed: number }): Series {
  const labels = `${OPERATOR},controller="modeldeployment"`;
  return {
    [`controller_runtime_reconcile_total{${labels},result="success"}`]: `0+${String(all - failed)}x60`,
    [`controller_runtime_reconcile_total{${labels},result="error"}`]: `0+${String(failed)}x60`,
    [`controller_runtime_reconcile_errors_total{${labels}}`]: `0+${String(failed)}x60`,
  };
}
