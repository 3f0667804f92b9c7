import { type AlertCase, BANK, byBothPods, info, phaseSince, POD, type Series } from './series.ts';

const forwarded = (outcome: string, perMinute: number, target = 'candidate'): Series => ({
  [`windlass_forwarded_total{${POD},target="${target}",outcome="${outcome}"}`]: `0+${String(perMinute)}x60`,
});
const generation = (pod: string, values: string): Series => ({
  [`windlass_traffic_generation{job="windlass-runtime",${BANK},pod="${pod}"}`]: values,
});

export const rolloutCases: readonly AlertCase[] = [
  {
    alert: 'WindlassRolloutStuck',
    fires: {
      series: {
        ...phaseSince(0),
        ...info({ reason: 'Unschedulable', phase: 'Starting', candidate: 'bank-2' }),
      },
      at: '40m',
      labels: {
        namespace: 'churn',
        name: 'bank',
        phase: 'Starting',
        reason: 'Unschedulable',
        candidate: 'bank-2',
        severity: 'warning',
      },
      summary: 'The rollout of churn/bank does not move',
      description: 'churn/bank: its rollout has been in phase Starting (Unschedulable) for 40m 0s.',
    },
    quiet: {
      'it has just begun': {
        series: { ...phaseSince(1800), ...info({ reason: 'Starting', phase: 'Starting' }) },
        at: '40m',
      },
      'it holds a step for hours': {
        series: { ...phaseSince(-34_200), ...info({ reason: 'RollingOut', phase: 'Step' }) },
        at: '30m',
      },
      'it waits for a person': {
        series: { ...phaseSince(-90_000), ...info({ reason: 'WaitingForPromotion', phase: 'Step' }) },
        at: '30m',
      },
    },
  },
  {
    alert: 'WindlassRolloutWaiting',
    fires: {
      series: {
        ...phaseSince(-16_200),
        ...info({ reason: 'WaitingForPromotion', phase: 'Step', candidate: 'bank-2' }),
      },
      at: '30m',
      labels: {
        namespace: 'churn',
        name: 'bank',
        phase: 'Step',
        reason: 'WaitingForPromotion',
        candidate: 'bank-2',
        severity: 'info',
      },
      summary: 'The rollout of churn/bank waits for a person',
      description:
        'churn/bank: candidate bank-2 has waited in phase Step (WaitingForPromotion) for 5h 0m 0s. Promote it or abort it.',
    },
    quiet: {
      'it has waited for an hour': {
        series: { ...phaseSince(0), ...info({ reason: 'Paused', phase: 'Paused' }) },
        at: '60m',
      },
      'a step is held by the clock': {
        series: { ...phaseSince(-16_200), ...info({ reason: 'RollingOut', phase: 'Step' }) },
        at: '30m',
      },
    },
  },
  {
    alert: 'WindlassRolloutCheckFailing',
    fires: {
      series: byBothPods('windlass_rollout_check', `${BANK},check="latency p95",state="Failing"`, '1x60'),
      at: '3m',
      labels: { namespace: 'churn', name: 'bank', check: 'latency p95', severity: 'warning' },
      summary: 'A check of the rollout of churn/bank fails',
      description:
        'churn/bank: the check latency p95 fails, and the rollout stays where it is until somebody decides.',
    },
    quiet: {
      'it waits for samples': {
        series: byBothPods('windlass_rollout_check', `${BANK},check="latency p95",state="Waiting"`, '1x60'),
        at: '30m',
      },
    },
  },
  {
    alert: 'WindlassCandidateFailing',
    fires: {
      series: { ...forwarded('ok', 90), ...forwarded('timeout', 6), ...forwarded('server_error', 4) },
      at: '20m',
      labels: { namespace: 'churn', name: 'bank', severity: 'warning' },
      summary: 'The candidate of churn/bank fails requests',
      description:
        'churn/bank: the candidate failed 10% of what it was passed in the last 5 minutes; the stable revision answered instead. The limit is 2 %.',
    },
    quiet: {
      'it fails two of a handful': {
        series: { ...forwarded('ok', 3), ...forwarded('reset', 2) },
        at: '30m',
      },
      'it fails one in a hundred': {
        series: { ...forwarded('ok', 99), ...forwarded('reset', 1) },
        at: '30m',
      },
      'what old pods pass to the stable revision fails': {
        series: { ...forwarded('ok', 100), ...forwarded('reset', 100, 'stable') },
        at: '30m',
      },
    },
  },
  {
    alert: 'WindlassTrafficNotApplied',
    fires: {
      series: { ...generation('bank-1-a', '7x60'), ...generation('bank-1-b', '5x60') },
      at: '6m',
      labels: { namespace: 'churn', name: 'bank', severity: 'warning' },
      summary: 'Pods of churn/bank follow an old traffic file',
      description:
        'churn/bank: a pod is 2 generations of the traffic file behind another one, and passes on another share than the rollout asks for.',
    },
    quiet: {
      'a pod followed a minute later': {
        series: { ...generation('bank-1-a', '6 7x60'), ...generation('bank-1-b', '6x2 7x60') },
        at: '10m',
      },
    },
  },
];
