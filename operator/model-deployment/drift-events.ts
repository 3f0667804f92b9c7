import { findCondition } from '#operator/api/conditions.ts';
import type { ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import type { PlannedEvent } from './action.ts';
import { driftedRevision } from './drift.ts';
import type { Observed } from './observed.ts';

/** News of drift, told by the plan that writes it into the status. That nobody can tell for a while is none. */
export function driftEvents(o: Observed, next: ModelDeploymentStatus): readonly PlannedEvent[] {
  const was = driftedRevision(o.modelDeployment.status);
  const is = driftedRevision(next);
  const after = findCondition(next.conditions, 'Drifted');
  if (was === is) return [];
  if (is === undefined) return [{ type: 'Normal', reason: 'DriftEnded', message: ended(was, after) }];
  const news = { is: 'drifted', revision: is } as const;
  return [{ type: 'Warning', reason: 'DriftDetected', message: after?.message ?? '', news }];
}

function ended(was: string | undefined, after: ReturnType<typeof findCondition>): string {
  if (after === undefined) return 'spec.drift was taken out.';
  return after.status === 'False'
    ? after.message
    : `Revision ${was ?? ''}, which had drifted, is the stable one no more.`;
}
