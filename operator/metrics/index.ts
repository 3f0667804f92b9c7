import { collectDefaultMetrics, Counter, Registry } from 'prom-client';
import type { QueueObserver, ReconcileObserver } from '#operator/controller/index.ts';
import type { CallObserver, ReflectorIncident } from '#operator/kube/index.ts';
import { RETRAINING_REASONS, type RetrainingReason } from '#operator/api/retraining-settings.ts';
import { callMetrics, leaderMetric, queueMetrics, reconcileMetrics } from './controller.ts';
import { UNREAD } from '#operator/drift/index.ts';
import { registerDrift, type ReadDrift } from './drift.ts';
import { registerModelDeployments, type ListModelDeployments } from './model-deployments.ts';

export const ROLLOUT_RESULTS = ['promoted', 'rejected', 'undone', 'superseded'] as const;
/** How a candidate's rollout ended. */
export type RolloutResult = (typeof ROLLOUT_RESULTS)[number];

export const ROLLBACK_AUTHORS = ['windlass', 'person'] as const;
/** Who asked for an undo that began to hold. */
export type RollbackAuthor = (typeof ROLLBACK_AUTHORS)[number];

export const NOTIFICATION_RESULTS = ['sent', 'failed', 'dropped'] as const;
/** What became of a notification: `dropped` found no room in the queue, or time ran out when the operator ended. */
export type NotificationResult = (typeof NOTIFICATION_RESULTS)[number];

/** What became of a retraining: each begins, and ends in one of two ways. */
export const RETRAINING_RESULTS = ['started', 'succeeded', 'failed'] as const;
export type RetrainingResult = (typeof RETRAINING_RESULTS)[number];

export interface Metrics {
  readonly registry: Registry;
  /** Where the sums of drift are. */
  readonly readDriftFrom: (read: ReadDrift) => void;
  readonly onReconcile: ReconcileObserver;
  readonly onQueue: QueueObserver;
  readonly onCall: CallObserver;
  readonly onIncident: (resource: string, incident: ReflectorIncident) => void;
  readonly onLeading: (leading: boolean) => void;
  readonly onEventDropped: () => void;
  readonly onRollout: (result: RolloutResult) => void;
  readonly onRollback: (by: RollbackAuthor) => void;
  readonly onRetraining: (reason: RetrainingReason, result: RetrainingResult) => void;
  readonly onNotification: (result: NotificationResult) => void;
}

export function createMetrics(list: ListModelDeployments): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  let readDrift: ReadDrift = () => UNREAD;
  registerModelDeployments(registry, list);
  registerDrift(registry, list, (uid) => readDrift(uid));
  const dropped = counter(registers, 'windlass_events_dropped_total', 'Events that were not written', []);
  return {
    registry,
    readDriftFrom: (read) => (readDrift = read),
    onReconcile: reconcileMetrics(registers),
    onQueue: queueMetrics(registers),
    onCall: callMetrics(registers),
    onIncident: incidentMetric(registers),
    onLeading: leaderMetric(registers),
    onEventDropped: () => dropped.inc(),
    onRollout: countBy(
      registers,
      'windlass_rollouts_total',
      'Candidates whose rollout ended, by how',
      'result',
      ROLLOUT_RESULTS,
    ),
    onRollback: countBy(
      registers,
      'windlass_rollbacks_total',
      'Undos that began to hold, by who asked',
      'by',
      ROLLBACK_AUTHORS,
    ),
    onRetraining: retrainingMetric(registers),
    onNotification: countBy(
      registers,
      'windlass_notifications_total',
      'Notifications, by what became of them',
      'result',
      NOTIFICATION_RESULTS,
    ),
  };
}

function counter(registers: Registry[], name: string, help: string, labelNames: readonly string[]): Counter {
  return new Counter({ name, help, labelNames: [...labelNames], registers });
}

/** A counter with one label of few values, each of which is there from the start: a rate needs the zero before the one. */
function countBy<Value extends string>(
  registers: Registry[],
  name: string,
  help: string,
  label: string,
  values: readonly Value[],
): (value: Value) => void {
  const counted = counter(registers, name, help, [label]);
  for (const value of values) counted.inc({ [label]: value }, 0);
  return (value) => counted.inc({ [label]: value });
}

function retrainingMetric(registers: Registry[]): Metrics['onRetraining'] {
  const jobs = counter(
    registers,
    'windlass_retraining_jobs_total',
    'Jobs that trained a new model, by why they began and what became of them',
    ['reason', 'result'],
  );
  for (const reason of RETRAINING_REASONS) {
    for (const result of RETRAINING_RESULTS) jobs.inc({ reason, result }, 0);
  }
  return (reason, result) => jobs.inc({ reason, result });
}

function incidentMetric(registers: Registry[]): Metrics['onIncident'] {
  const incidents = counter(registers, 'windlass_watch_incidents_total', 'What befell lists and watches', [
    'resource',
    'incident',
  ]);
  return (resource, incident) => incidents.inc({ resource, incident });
}
