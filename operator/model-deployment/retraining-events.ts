import type { ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import type { RetrainingStatus } from '#operator/api/retraining-settings.ts';
import type { PlannedEvent } from './action.ts';
import type { Observed } from './observed.ts';

const WHY = { drift: 'for drift', schedule: 'by its schedule', manual: 'because somebody asked' } as const;

/** News of retraining, told by the plan that writes it into the status. */
export function retrainingEvents(o: Observed, next: ModelDeploymentStatus): readonly PlannedEvent[] {
  const before = o.modelDeployment.status?.retraining;
  const after = next.retraining;
  if (after === undefined) return [];
  const isNew = before?.jobName !== after.jobName;
  return [
    ...(isNew ? [started(after)] : []),
    ...(after.lastResult !== 'Running' && (isNew || before.lastResult === 'Running') ? [ended(after)] : []),
  ];
}

function started({ jobName, reason, message }: RetrainingStatus): PlannedEvent {
  const why = reason === 'drift' && message !== undefined ? ` ${message}` : '';
  return {
    type: 'Normal',
    reason: 'RetrainingStarted',
    message: `Job ${jobName} trains a new model ${WHY[reason]}.${why}`,
    news: { is: 'retraining', reason, result: 'started' },
  };
}

function ended({ jobName, reason, lastResult, message }: RetrainingStatus): PlannedEvent {
  const words = message === undefined ? '' : ` ${message}`;
  return lastResult === 'Failed'
    ? {
        type: 'Warning',
        reason: 'RetrainingFailed',
        message: `Job ${jobName} failed; what serves, serves on.${words}`,
        news: { is: 'retraining', reason, result: 'failed' },
      }
    : {
        type: 'Normal',
        reason: 'RetrainingSucceeded',
        message: `Job ${jobName} ended well: what it pushed goes through the same checks as any revision.${words}`,
        news: { is: 'retraining', reason, result: 'succeeded' },
      };
}
