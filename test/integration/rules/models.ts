import {
  type AlertCase,
  BANK,
  byBothPods,
  condition,
  durations,
  info,
  POD,
  probes,
  requests,
  type Series,
} from './series.ts';

export const modelCases: readonly AlertCase[] = [
  {
    alert: 'WindlassModelUnavailable',
    fires: {
      series: { ...condition('Available', 'False'), ...info({ reason: 'CrashLoop' }) },
      at: '3m',
      labels: {
        namespace: 'churn',
        name: 'bank',
        reason: 'CrashLoop',
        revision: 'bank-1',
        severity: 'critical',
      },
      summary: 'No pod of churn/bank answers',
      description: 'churn/bank: no pod of the stable revision bank-1 is ready; Ready says CrashLoop.',
    },
    quiet: {
      'it was scaled to zero': {
        series: { ...condition('Available', 'False'), ...info({ reason: 'ScaledToZero' }) },
        at: '30m',
      },
      'it never served': {
        series: { ...condition('Available', 'False'), ...info({ reason: 'Starting', revision: '' }) },
        at: '30m',
      },
      'it was short': {
        series: { ...condition('Available', 'False', '1 _x60'), ...info({ reason: 'Unavailable' }) },
        at: '8m',
      },
    },
  },
  {
    alert: 'WindlassModelUndone',
    fires: {
      series: { ...condition('Stalled', 'True'), ...info({ reason: 'RolledBack' }) },
      at: '2m',
      labels: {
        namespace: 'churn',
        name: 'bank',
        reason: 'RolledBack',
        number: '3',
        version: '3.1',
        severity: 'warning',
      },
      summary: 'churn/bank was undone',
      description:
        'churn/bank: a ModelRollback holds, and revision 3 (version 3.1) serves instead of what the spec asks for, until the spec changes.',
    },
    quiet: {
      'the undo is on its way': {
        series: { ...condition('Stalled', 'False'), ...info({ reason: 'RollingBack' }) },
        at: '30m',
      },
    },
  },
  {
    alert: 'WindlassModelStalled',
    fires: {
      series: { ...condition('Stalled', 'True'), ...info({ reason: 'DigestMismatch' }) },
      at: '6m',
      labels: { namespace: 'churn', name: 'bank', reason: 'DigestMismatch', severity: 'warning' },
      summary: 'churn/bank cannot become what its spec asks for',
      description:
        'churn/bank: DigestMismatch. Nothing more is tried until somebody changes something; what served before goes on.',
    },
    quiet: {
      'it was undone, which another alert tells': {
        series: { ...condition('Stalled', 'True'), ...info({ reason: 'RolledBack' }) },
        at: '30m',
      },
      'it serves': {
        series: { ...condition('Stalled', 'False'), ...info({ reason: 'Serving' }) },
        at: '30m',
      },
    },
  },
  {
    alert: 'WindlassPodsUnready',
    fires: {
      series: {
        ...byBothPods('windlass_modeldeployment_ready_replicas', BANK, '2x60'),
        ...byBothPods('windlass_modeldeployment_spec_replicas', BANK, '3x60'),
      },
      at: '16m',
      labels: { namespace: 'churn', name: 'bank', severity: 'warning' },
      summary: 'Pods of churn/bank are not ready',
      description:
        'churn/bank: only 2 pods of the stable revision have been ready for 15 minutes, which is less than the spec asks for.',
    },
    quiet: {
      'all are ready': {
        series: {
          ...byBothPods('windlass_modeldeployment_ready_replicas', BANK, '3x60'),
          ...byBothPods('windlass_modeldeployment_spec_replicas', BANK, '3x60'),
        },
        at: '30m',
      },
      'it is scaled up': {
        series: {
          ...byBothPods('windlass_modeldeployment_ready_replicas', BANK, '2x10 3x60'),
          ...byBothPods('windlass_modeldeployment_spec_replicas', BANK, '3x70'),
        },
        at: '20m',
      },
    },
  },
  {
    alert: 'WindlassSourceUnreachable',
    fires: {
      series: { ...condition('ModelResolved', 'False'), ...condition('Ready', 'True') },
      at: '16m',
      labels: { namespace: 'churn', name: 'bank', severity: 'warning' },
      summary: 'The source of churn/bank cannot be read',
      description:
        'churn/bank serves, but its source has not been readable for 15 minutes: new bytes behind its URI go unnoticed, and a new pod may have nowhere to pull from.',
    },
    quiet: {
      'a rollout waits for the source, which Ready tells': {
        series: { ...condition('ModelResolved', 'False'), ...condition('Ready', 'False') },
        at: '30m',
      },
    },
  },
  {
    alert: 'WindlassErrorRateHigh',
    fires: {
      series: { ...requests(200, 54), ...requests(500, 6) },
      at: '20m',
      labels: { namespace: 'churn', name: 'bank', severity: 'critical' },
      summary: 'churn/bank answers with errors',
      description:
        'churn/bank: 10% of the predictions of the last 5 minutes were answered with a 5xx; the limit is 5 %.',
    },
    quiet: {
      'callers send bad rows': { series: { ...requests(200, 54), ...requests(422, 60) }, at: '30m' },
      'a probe fails': { series: { ...requests(200, 60), ...probes }, at: '30m' },
      'hardly anybody asks': { series: { ...requests(200, 1), ...requests(500, 1) }, at: '30m' },
    },
  },
  {
    alert: 'WindlassLatencyHigh',
    fires: {
      series: { ...requests(200, 100), ...durations(50, 50) },
      at: '30m',
      labels: { namespace: 'churn', name: 'bank', severity: 'warning' },
      summary: 'churn/bank answers slowly',
      description: 'churn/bank: the p99 of a prediction has been 2.47s; the limit is 1 s.',
    },
    quiet: { 'it is fast': { series: { ...requests(200, 100), ...durations(100, 0) }, at: '30m' } },
  },
  {
    alert: 'WindlassPredictionsRefused',
    fires: {
      series: { ...requests(200, 90), ...requests(503, 10), [`windlass_refused_total{${POD}}`]: '0+10x60' },
      at: '20m',
      labels: { namespace: 'churn', name: 'bank', severity: 'warning' },
      summary: 'churn/bank refuses predictions',
      description:
        'churn/bank: 10% of the predictions of the last 5 minutes were refused with a 503, because they would have waited too long; the limit is 1 %.',
    },
    quiet: {
      'a burst was refused once': {
        series: { ...requests(200, 100), [`windlass_refused_total{${POD}}`]: '0 50x60' },
        at: '20m',
      },
    },
  },
  {
    alert: 'WindlassFeaturesDrifted',
    fires: {
      series: summed('0.40'),
      at: '11m',
      labels: { namespace: 'churn', name: 'bank', feature: 'Age', severity: 'warning' },
      summary: 'Age of churn/bank has drifted',
      description:
        'churn/bank: the population stability index of Age is 0.40 over all pods of the stable revision together, above its limit.',
    },
    quiet: {
      'it is below its limit': { series: summed('0.19'), at: '60m' },
      'it was short': { series: summed('0.40', 'Age', '0.40x5 0.1x60'), at: '20m' },
    },
  },
  {
    alert: 'WindlassRetrainingFailed',
    fires: {
      series: retraining('Failed', '_x5 1x60'),
      at: '10m',
      labels: {
        namespace: 'churn',
        name: 'bank',
        reason: 'drift',
        job_name: 'bank-retrain-1',
        severity: 'warning',
      },
      summary: 'A retraining of churn/bank failed',
      description:
        'churn/bank: the retraining Job bank-retrain-1, which began for drift, failed within the last 30 minutes. What served before goes on.',
    },
    also: {
      'the one before failed too': {
        series: { ...retraining('Failed', '_x50 1x60'), ...retraining('Failed', '1x49', 'bank-retrain-0') },
        at: '60m',
      },
    },
    quiet: {
      'it succeeded': { series: retraining('Succeeded', '_x5 1x60'), at: '10m' },
      'it runs': { series: retraining('Running', '_x5 1x60'), at: '10m' },
      'it failed long ago': { series: retraining('Failed', '1x120'), at: '60m' },
      'it failed long ago, and the operator was away': {
        series: retraining('Failed', '1x60 _x10 1x60'),
        at: '97m',
      },
    },
  },
  {
    alert: 'WindlassPredictionsDrifted',
    fires: {
      series: drift({ psi: [0.5, 0.1], rows: [3000, 1000] }),
      at: '40m',
      labels: { namespace: 'churn', name: 'bank', revision: 'bank-1', feature: 'Age', severity: 'warning' },
      summary: 'Age of churn/bank has drifted',
      description:
        'churn/bank, revision bank-1: the population stability index of Age is 0.40 over all pods, above its limit.',
    },
    also: {
      'the operator is to add its pods up, and cannot say anything': {
        series: { ...drift({ psi: [0.5, 0.1], rows: [3000, 1000] }), ...condition('Drifted', 'Unknown') },
        at: '40m',
      },
      'the operator adds up other features alone': {
        series: {
          ...drift({ psi: [0.5, 0.1], rows: [3000, 1000] }),
          ...condition('Drifted', 'False'),
          ...summed('0.10', 'Tenure'),
        },
        at: '40m',
      },
    },
    quiet: {
      'the operator adds its pods up, which another alert tells': {
        series: {
          ...drift({ psi: [0.5, 0.1], rows: [3000, 1000] }),
          ...condition('Drifted', 'False'),
          ...summed('0.15', 'Age'),
        },
        at: '60m',
      },
      'one pod with few rows has': { series: drift({ psi: [0.5, 0.1], rows: [1000, 9000] }), at: '60m' },
    },
  },
];

function retraining(result: string, values: string, job = 'bank-retrain-1'): Series {
  const labels = `${BANK},job_name="${job}",reason="drift",result="${result}"`;
  return byBothPods('windlass_modeldeployment_retraining', labels, values);
}

function summed(psi: string, feature = 'Age', values = `${psi}x60`): Series {
  return {
    ...byBothPods('windlass_modeldeployment_drift_psi', `${BANK},feature="${feature}"`, values),
    ...byBothPods('windlass_modeldeployment_drift_limit', `${BANK},feature="${feature}"`, '0.2x60'),
  };
}

function drift({ psi, rows }: { psi: readonly [number, number]; rows: readonly [number, number] }): Series {
  const pod = (index: 0 | 1): Series => {
    const labels = `job="windlass-runtime",${BANK},revision="bank-1",feature="Age",pod="bank-1-${String(index)}"`;
    return {
      [`model_prediction_drift{${labels}}`]: `${String(psi[index])}x60`,
      [`windlass_drift_samples{${labels}}`]: `${String(rows[index])}x60`,
      [`windlass_drift_limit{${labels}}`]: '0.2x60',
    };
  };
  return { ...pod(0), ...pod(1) };
}
