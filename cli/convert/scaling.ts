import type { ModelDeploymentSpec } from '#operator/api/model-deployment.ts';
import type { InferenceService } from './inference-service.ts';
import type { Notes } from './notes.ts';

export type Scaling = Partial<Pick<ModelDeploymentSpec, 'replicas' | 'autoscaling'>>;

/** What KServe aims at where nothing is said (RawDeployment): percent of the CPU request. */
const CPU_TARGET = 80;
const AT = ['spec', 'predictor'];
const MODE = 'serving.kserve.io/deploymentMode';

/** How many pods: a number, or an autoscaler. */
export function scalingOf(service: InferenceService, notes: Notes): Scaling {
  const { minReplicas, maxReplicas, scaleTarget, scaleMetric } = service.spec.predictor;
  notes.taken([...AT, 'minReplicas'], [...AT, 'maxReplicas']);
  const least = Math.max(1, minReplicas ?? 1);
  if (minReplicas === 0) {
    notes.lost(
      [...AT, 'minReplicas'],
      'a ModelDeployment is not scaled to zero by itself, and a first request would wait: 1 pod stays (replicas: 0 stops it by hand)',
    );
  }
  if (isUnlimited(service)) {
    notes.taken([...AT, 'scaleMetric'], [...AT, 'scaleTarget']);
    notes.lost(
      [...AT, 'maxReplicas'],
      `on Knative, KServe's older default, this means as many pods as requests ask for; here it is ${least} ${least === 1 ? 'pod' : 'pods'}: set maxReplicas and convert again, or the annotation ${MODE}: Standard where Knative does not serve it`,
    );
    return { replicas: least };
  }
  if (maxReplicas === undefined || maxReplicas <= least) {
    if (scaleTarget !== undefined)
      notes.lost([...AT, 'scaleTarget'], 'without a maxReplicas above minReplicas nothing is scaled');
    notes.taken([...AT, 'scaleMetric']);
    return { replicas: least };
  }
  notes.taken([...AT, 'scaleMetric'], [...AT, 'scaleTarget']);
  const range = { minReplicas: least, maxReplicas };
  const metric = scaleMetric ?? (isServerless(service) ? 'concurrency' : 'cpu');
  if (metric === 'memory')
    return { autoscaling: { ...range, targetMemoryUtilizationPercentage: scaleTarget ?? CPU_TARGET } };
  if (metric === 'cpu')
    return { autoscaling: { ...range, targetCPUUtilizationPercentage: scaleTarget ?? CPU_TARGET } };
  const path =
    scaleMetric === undefined
      ? [...AT, scaleTarget === undefined ? 'maxReplicas' : 'scaleTarget']
      : [...AT, 'scaleMetric'];
  notes.lost(
    path,
    `scaling by ${metric} needs Knative; the autoscaler aims at ${CPU_TARGET} % of the CPU request instead (KEDA may own spec.replicas in its place)`,
  );
  return { autoscaling: { ...range, targetCPUUtilizationPercentage: CPU_TARGET } };
}

/** Knative takes no maximum, and 0, for as many pods as requests ask for. */
function isUnlimited(service: InferenceService): boolean {
  return isServerless(service) && (service.spec.predictor.maxReplicas ?? 0) === 0;
}

/** KServe's older default is Knative; an annotation says otherwise. */
export function isServerless({ metadata: { annotations = {} } }: InferenceService): boolean {
  const mode = annotations[MODE] ?? '';
  return !/^(rawdeployment|standard)$/i.test(mode);
}
