import type { News, PlannedEvent } from './action.ts';
import type { Observed } from './observed.ts';
import { type Facts } from './revisions.ts';
import type { RollbackDecision } from './rollback.ts';
import { positionOf } from './position.ts';
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
  /** What the plan takes back by itself. */
  readonly undo: Extract<Rollout, { readonly phase: 'Failed' }> | undefined;
}

/** News, each told by the plan that makes it so. */
export function planEvents(told: Told): readonly PlannedEvent[] {
  const { rollout } = told;
  return [
    ...started(told),
    ...moved(told),
    ...promoted(told),
    ...undone(told),
    ...superseded(told),
    ...ignored(told),
    ...(rollout.phase === 'Rejected' && rollout.memory === 'decided'
      ? [
          warning(
            rollout.rejection.reason,
            `Revision ${rollout.revision.name} was rejected. ${rollout.rejection.message}`,
            { is: 'rejected', revision: rollout.revision.name },
          ),
        ]
      : []),
    ...told.rollbacks.flatMap(rollbackNews),
    ...obstructed(told),
  ];
}

/** The candidate came to another stage, or what was watched has passed. */
function moved({ o, facts, rollout }: Told): readonly PlannedEvent[] {
  const before = facts.rollout.progress;
  const position = positionOf(rollout);
  const stays = rollout.phase === 'Stable' && rollout.revision === before?.revision;
  if (position === undefined)
    return before?.stage === 'bake' && stays
      ? [
          normal(
            'BakeEnded',
            `Revision ${before.revision} (${before.number}) was watched for rollout.bake, and stays.`,
          ),
        ]
      : [];
  const { progress, kind, step, steps, weight, shadow, pods } = position;
  const revision = `${progress.revision} (${progress.number})`;
  const sameRollout = before?.revision === progress.revision && before.number === progress.number;
  if (progress.failed !== undefined && (!sameRollout || before.failed === undefined)) {
    return [
      warning(
        'RolloutPaused',
        `Revision ${revision} gets no traffic until somebody decides. ${progress.failed.message}`,
      ),
    ];
  }
  if (sameRollout && before.stage === progress.stage) return [];
  const sized = `${pods} of ${o.modelDeployment.spec.replicas} pods`;
  if (kind === 'Shadow')
    return [
      normal(
        'ShadowStarted',
        `Revision ${revision} gets copies of ${shadow} % of the requests, with ${sized}.`,
      ),
    ];
  if (kind === 'Step')
    return [
      normal(
        'StepReached',
        `Revision ${revision} is at step ${step} of ${steps}: ${weight} % of the requests, with ${sized}.`,
      ),
    ];
  return [];
}

function undone({ undo }: Told): readonly PlannedEvent[] {
  if (undo === undefined) return [];
  const { candidate, rejection, to } = undo;
  return [
    warning(
      'Undone',
      `Revision ${candidate.name} (${candidate.number}) was undone to ${to}. ${rejection.reason}: ${rejection.message}`,
      { is: 'undone', by: 'windlass', revision: candidate.name, to },
    ),
  ];
}

/** A candidate that already took traffic, and that nobody asks for any more. */
function superseded({ facts, rollout, stable, rollbacks }: Told): readonly PlannedEvent[] {
  const before = facts.rollout.progress;
  if (before === undefined || before.stage === 'bake' || before.revision === stable) return [];
  if (rollbacks.some(({ state }) => state === 'Active')) return [];
  const now =
    'candidate' in rollout
      ? rollout.candidate?.name
      : rollout.phase === 'Rejected'
        ? rollout.revision.name
        : undefined;
  if (now === before.revision) return [];
  return [
    normal(
      'RolloutSuperseded',
      `The rollout of revision ${before.revision} (${before.number}) ended before it was judged: the spec asks for another.`,
      { is: 'superseded', revision: before.revision },
    ),
  ];
}

function ignored({ o, rollout }: Told): readonly PlannedEvent[] {
  const message = positionOf(rollout)?.ignored;
  const ready = o.modelDeployment.status?.conditions?.find(({ type }) => type === 'Ready');
  return message === undefined || (ready?.message.includes(message) ?? false)
    ? []
    : [warning('PromoteIgnored', message)];
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

/** An undo that comes to its end is no news: its beginning was. */
function promoted({ o, facts, before, stable, rollbacks }: Told): readonly PlannedEvent[] {
  if (stable === undefined || stable === before) return [];
  const number = numberOf(facts, o, stable);
  const byRollback = rollbacks.some(({ state }) => state === 'Active');
  const instead = before === undefined ? '' : `, before it ${before}`;
  return [
    normal(
      'Promoted',
      `Revision ${stable}${number === undefined ? '' : ` (${number})`} is stable now${instead}.`,
      byRollback ? undefined : { is: 'promoted', revision: stable, from: before },
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
    normal('RollbackActive', `ModelRollback ${name}${who} brings back revision ${binding.toRevision}${why}`, {
      is: 'undone',
      by: 'person',
      revision: binding.fromRevision,
      to: binding.toRevision,
    }),
  ];
}

function obstructed({ o, situation }: Told): readonly PlannedEvent[] {
  if (situation.is !== 'obstructed') return [];
  const ready = o.modelDeployment.status?.conditions?.find(({ type }) => type === 'Ready');
  const { reason, message } = situation.obstacle;
  return ready?.message === message ? [] : [warning(reason, message)];
}

function normal(reason: string, message: string, news?: News): PlannedEvent {
  return { type: 'Normal', reason, message, ...(news === undefined ? {} : { news }) };
}

function warning(reason: string, message: string, news?: News): PlannedEvent {
  return { type: 'Warning', reason, message, ...(news === undefined ? {} : { news }) };
}
