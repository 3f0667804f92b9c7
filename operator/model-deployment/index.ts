export { BY_MODEL_DEPLOYMENT, modelDeploymentKeys, type Caches } from './caches.ts';
export { createReconciler, type ReconcilerDependencies } from './reconcile.ts';
export type { PodProbe } from './acknowledgements.ts';
export type { News, Plan, PlannedEvent } from './action.ts';
export type { Observed, OperatorSettings } from './observed.ts';
