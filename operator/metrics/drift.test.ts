import { expect, it } from 'vitest';
import { POD_DRIFT_LIMITS } from '#contract/pod-drift.ts';
import { modelDeployment } from '#operator/model-deployment/testing/fixtures.ts';
import { createMetrics } from './index.ts';

it('tells each feature’s index and limit over all pods, once there are rows enough', async () => {
  const metrics = createMetrics(() => [modelDeployment()]);
  expect(await metrics.registry.metrics()).not.toContain('drift_psi{');
  metrics.readDriftFrom((uid) => ({
    is: 'measured',
    revision: 'churn-1',
    complete: true,
    leftOut: 0,
    features: [
      { name: uid, psi: 0.4, limit: 0.2, state: 'drifted' },
      { name: 'Tenure', psi: 3, limit: 0.2, state: 'tooFewRows' },
    ],
  }));
  const text = await metrics.registry.metrics();
  expect(text).toContain(
    'windlass_modeldeployment_drift_psi{namespace="models",name="churn",feature="md-1"} 0.4',
  );
  expect(text).toContain(
    'windlass_modeldeployment_drift_limit{namespace="models",name="churn",feature="md-1"} 0.2',
  );
  expect(text).not.toContain('Tenure');
});

it('tells all features that are added up, because alerts take pods’ own word for the others', async () => {
  const metrics = createMetrics(() => [modelDeployment()]);
  const features = Array.from({ length: POD_DRIFT_LIMITS.features }, (_, i) => ({
    name: `f${i}`,
    psi: 0.1,
    limit: 0.2,
    state: 'steady' as const,
  }));
  metrics.readDriftFrom(() => ({
    is: 'measured',
    revision: 'churn-1',
    complete: true,
    leftOut: 0,
    features,
  }));
  const text = await metrics.registry.metrics();
  expect(text.match(/^windlass_modeldeployment_drift_limit\{/gm)).toHaveLength(POD_DRIFT_LIMITS.features);
});

it('counts retraining Jobs by why and how, from zero on', async () => {
  const metrics = createMetrics(() => []);
  metrics.onRetraining('drift', 'started');
  const text = await metrics.registry.metrics();
  expect(text).toContain('windlass_retraining_jobs_total{reason="drift",result="started"} 1');
  expect(text).toContain('windlass_retraining_jobs_total{reason="schedule",result="failed"} 0');
});
