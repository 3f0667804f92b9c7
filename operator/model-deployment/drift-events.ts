import { findCondition } from '#operator/api/conditions.ts';
import type { ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import type { PlannedEvent } from './action.ts';
import type { Observed } from './observed.ts';

/** News of drift, told by the plan that writes it into the status. */
export function driftEvents(o: Observed, next: ModelDeploymentStatus): readonly PlannedEvent[] {
  const before = findCondition(o.modelDeployment.status?.conditions, 'Drifted');
  const after = findCondition(next.conditions, 'Drifted');
  const was = before?.status === 'True';
  const is = after?.status === 'True';
  if (was === is) return [];
  if (is) {
    const revision = next.drift?.revision ?? '';
    return [
      {
        type: 'Warning',
        reason: 'DriftDetected',
        message: after.message,
        news: { is: 'drifted', revision },
      },
    ];
  }
  const ended = after === undefined ? 'spec.drift was taken out.' : after.message;
  return [{ type: 'Normal', reason: 'DriftEnded', message: ended }];
}
