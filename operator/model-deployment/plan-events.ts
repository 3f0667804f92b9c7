import type { PlannedEvent } from './action.ts';
import type { Observed } from './observed.ts';
import { type Facts } from './revisions.ts';
import type { RollbackDecision } from './rollback.ts';
import { numberOf, type Rollout } from './rollout.ts';
import type { Situation } from './situation.ts';

interface Told {
  readonly o: Observed;
  readonly facts: Facts;
  readonly rollout: Rollout;
  readonly before: string | undefined;
  readonly stable: string | undefined;
  readonly rollbacks: readonly RollbackDecision[];
  readonly situation: Situation;
}

/** News, each told by the plan that makes it so. */
export function planEvents(told: Told): readonly PlannedEvent[] {
  const { rollout } = told;
  return [
    ...started(told),
    ...promoted(told),
    ...(rollout.phase === 'Rejected' && rollout.memory === 'decided'
      ? [
          warning(
            rollout.rejection.reason,
            `Revision ${rollout.revision.name} was rejected. ${rollout.rejection.message}`,
          ),
        ]
      : []),
    ...told.rollbacks.flatMap(rollbackNews),
    ...obstructed(told),
  ];
}

/** A revision that has no UID yet is one that this plan makes. */
function started({ facts }: Told): readonly PlannedEvent[] {
  return facts.records
    .filter(({ object }) => object.metadata.uid === undefined)
    .map(({ name, number, object }) =>
      normal(
        'RevisionCreated',
        `Revision ${name} (${number}) pins ${object.spec.artifact.uri}, sha256 ${object.spec.artifact.sha256.slice(0, 12)}.`,
      ),
    );
}

function promoted({ o, facts, before, stable }: Told): readonly PlannedEvent[] {
  if (stable === undefined || stable === before) return [];
  const number = numberOf(facts, o, stable);
  const instead = before === undefined ? '' : `, before it ${before}`;
  return [
    normal(
      'Promoted',
      `Revision ${stable}${number === undefined ? '' : ` (${number})`} is stable now${instead}.`,
    ),
  ];
}

function rollbackNews({ object, binding, kept, state }: RollbackDecision): readonly PlannedEvent[] {
  const { name } = object.metadata;
  if (binding.end !== undefined && kept?.end === undefined) {
    const event = { reason: `Rollback${state}`, message: `ModelRollback ${name}: ${binding.end.message}` };
    return [{ type: state === 'Invalid' ? 'Warning' : 'Normal', ...event }];
  }
  if (kept !== undefined || binding.toRevision === undefined) return [];
  const why = object.spec.reason === undefined ? '' : `: ${object.spec.reason}`;
  const who = object.spec.requestedBy === undefined ? '' : ` by ${object.spec.requestedBy}`;
  return [
    normal('RollbackActive', `ModelRollback ${name}${who} brings back revision ${binding.toRevision}${why}`),
  ];
}

function obstructed({ o, situation }: Told): readonly PlannedEvent[] {
  if (situation.is !== 'obstructed') return [];
  const ready = o.modelDeployment.status?.conditions?.find(({ type }) => type === 'Ready');
  const { reason, message } = situation.obstacle;
  return ready?.message === message ? [] : [warning(reason, message)];
}

function normal(reason: string, message: string): PlannedEvent {
  return { type: 'Normal', reason, message };
}

function warning(reason: string, message: string): PlannedEvent {
  return { type: 'Warning', reason, message };
}
