import type { Registry } from 'prom-client';
import type { DriftReading, FeatureDrift } from '#operator/drift/index.ts';
import { ModelDeploymentGauge, type ListModelDeployments, type Series } from './model-deployments.ts';

/** What the pods of a ModelDeployment said, by its UID. */
export type ReadDrift = (modelDeploymentUid: string) => DriftReading;

/**
 * Registers the sums over pods, as they are when somebody reads them; nothing while the window has too few rows. All
 * features that are added up are there: of those that are not, pods' own reports are alerted.
 */
export function registerDrift(registry: Registry, list: ListModelDeployments, read: ReadDrift): void {
  const gauge = (name: string, help: string, value: (feature: FeatureDrift) => number): void => {
    const series = (): readonly Series[] =>
      list().flatMap(({ metadata }) => {
        const { namespace = '', name: own, uid = '' } = metadata;
        return judged(read(uid)).map((feature): Series => [
          { namespace, name: own, feature: feature.name },
          value(feature),
        ]);
      });
    registry.registerMetric(new ModelDeploymentGauge(name, help, series));
  };
  gauge(
    'windlass_modeldeployment_drift_psi',
    'Population stability index of each feature and of the prediction, all pods of the stable revision together; absent while the window has too few rows',
    ({ psi }) => psi,
  );
  gauge(
    'windlass_modeldeployment_drift_limit',
    'Index above which the feature has drifted: spec.drift.maxPsi, or what chance explains where that is more',
    ({ limit }) => limit,
  );
}

function judged(reading: DriftReading): readonly FeatureDrift[] {
  if (reading.is !== 'measured') return [];
  return reading.features.filter(({ state }) => state !== 'tooFewRows');
}
