import type { Artifact } from '#contract/artifact.ts';
import type { News, PlannedEvent } from './action.ts';
import type { Observed } from './observed.ts';
import { MEMORY, promotionsSchema, readAnnotation, type Binding, type Rejection } from './annotations.ts';
import { byHandEvents } from './by-hand-events.ts';
import { findRecord, numberOf, type Facts } from './revisions.ts';
import { readTraffic } from './traffic-file.ts';
import { ownTrafficMap, trafficMap } from './traffic-map.ts';
import type { RollbackDecision } from './rollback.ts';
import { positionOf } from './position.ts';
import type { Rollout } from './rollout.ts';
import type { Situation } from './situation.ts';

interface Told {
  readonly o: Observed;
  readonly facts: Facts;
  readonly rollout: Rollout;
  readonly stable: string | undefined;
  readonly rollbacks: readonly RollbackDecision[];
  readonly situation: Situation;
}

/** News, each told by the plan that makes it so. */
export function planEvents(told: Told): readonly PlannedEvent[] {
  const { rollout } = told;
  return [
    ...started(told),
    ...moved(told),
    ...promoted(told),
    ...superseded(told),
    ...ignored(told),
    ...byHandEvents(told),
    ...restoredTraffic(told),
    ...(rollout.phase === 'Rejected' && isNew(rollout)
      ? [
          warning(
            rollout.rejection.reason,
            `Revision ${rollout.revision.name} was rejected. ${rollout.rejection.message}`,
            { is: 'rejected', revision: rollout.revision.name },
          ),
        ]
      : []),
    ...told.rollbacks.flatMap((decision) => rollbackNews(told, decision)),
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

function undone(
  facts: Facts,
  { fromRevision = '' }: Binding,
  { reason, message }: Rejection,
  to: string,
): readonly PlannedEvent[] {
  const number = findRecord(facts, fromRevision)?.number;
  const revision = number === undefined ? fromRevision : `${fromRevision} (${number})`;
  return [
    warning('Undone', `Revision ${revision} was undone to ${to}. ${reason}: ${message}`, {
      is: 'undone',
      by: 'windlass',
      revision: fromRevision,
      to,
    }),
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

/** Told until Ready tells it. */
function ignored({ o, rollout, situation }: Told): readonly PlannedEvent[] {
  const message = positionOf(rollout)?.ignored;
  const own = situation.is === 'unavailable' ? situation.meanwhile?.is : situation.is;
  if (message === undefined || (own !== 'rollingOut' && own !== 'suspended')) return [];
  const ready = o.modelDeployment.status?.conditions?.find(({ type }) => type === 'Ready');
  return (ready?.message.includes(message) ?? false) ? [] : [warning('PromoteIgnored', message)];
}

/** The traffic file that this plan writes anew, because somebody took it away or made it unreadable. */
function restoredTraffic({ o, facts, stable }: Told): readonly PlannedEvent[] {
  const isAsBefore = stable === facts.stable && stable === o.modelDeployment.status?.stableRevision;
  if (stable === undefined || !isAsBefore) return [];
  const known = trafficMap(o);
  const isDamaged = known.is === 'ours' && readTraffic(known.object) === undefined;
  if (known.is !== 'absent' && !isDamaged) return [];
  const what = isDamaged ? 'could not be read' : 'was deleted';
  return [
    warning(
      'TrafficFileRestored',
      `The ConfigMap with the traffic file ${what}: it is written again, and revision ${stable} serves on.`,
    ),
  ];
}

function named({ registry }: Artifact): string {
  return registry === undefined ? '' : `version ${registry.version} of ${registry.name}, `;
}

/** A revision that has no UID yet is one that this plan makes. */
function started({ facts }: Told): readonly PlannedEvent[] {
  return facts.records
    .filter(({ object }) => object.metadata.uid === undefined)
    .map(({ name, number, object }) =>
      normal(
        'RevisionCreated',
        `Revision ${name} (${number}) pins ${named(object.spec.artifact)}${object.spec.artifact.uri}, sha256 ${object.spec.artifact.sha256.slice(0, 12)}.`,
      ),
    );
}

/**
 * Told until the traffic ConfigMap remembers it, so that an operator that ends in between loses no news. An undo that comes
 * to its end is none: its beginning was.
 */
function promoted({ o, facts, stable, rollbacks }: Told): readonly PlannedEvent[] {
  const configMap = ownTrafficMap(o);
  const kept = configMap && readAnnotation(configMap.metadata, MEMORY.promotions, promotionsSchema);
  const told = o.modelDeployment.status?.stableRevision;
  const before = kept?.at(-1)?.revision ?? told;
  if (stable === undefined || stable === before || stable === told) return [];
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

/** An undo whose status was lost long ago is no news. */
const NEWS_MS = 10 * 60_000;

function rollbackNews(
  { o, facts }: Told,
  { object, binding, kept, state }: RollbackDecision,
): readonly PlannedEvent[] {
  const { name } = object.metadata;
  if (binding.end !== undefined && kept?.end === undefined) {
    const event = { reason: `Rollback${state}`, message: `ModelRollback ${name}: ${binding.end.message}` };
    return [{ type: state === 'Invalid' ? 'Warning' : 'Normal', ...event }];
  }
  const isNews = object.status?.state === undefined && o.now - binding.since < NEWS_MS;
  if (!isNews || state !== 'Active' || binding.toRevision === undefined) return [];
  if (binding.automatic !== undefined) return undone(facts, binding, binding.automatic, binding.toRevision);
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

/** What the bundle alone rejects is found anew with each plan: its event is for the first. */
function isNew({ memory, revision }: Extract<Rollout, { readonly phase: 'Rejected' }>): boolean {
  return memory === 'decided' || (memory === 'derived' && revision.object.status?.state !== 'Rejected');
}
