export type * from './core-types.ts';
export type * from './pod-types.ts';
export type * from './workload-types.ts';
export type { Store } from './store.ts';
export { errorKind, isKubeError, KubeError } from './errors.ts';
export type { KubeErrorKind } from './errors.ts';
export * from './types.ts';
