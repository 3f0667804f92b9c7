export { httpPodDriftProbe } from './pod-drift-probe.ts';
export type { PodDriftProbe } from './pod-drift-probe.ts';
export { UNREAD } from './reading.ts';
export type { DriftReading, DriftRequest, FeatureDrift } from './reading.ts';
export { DriftWatch } from './watch.ts';
