export type { Clock } from './clock.ts';
export { runController } from './controller.ts';
export type { Key, Reconcile, ReconcileObserver, ReconcileResult } from './controller.ts';
export { WorkQueue } from './queue.ts';
export type { QueueObserver } from './queue.ts';
export { Turns } from './turns.ts';
