import type { Failure } from '#contract/failure.ts';
import { specHash } from '#operator/api/hashes.ts';
import { child } from './children.ts';
import { seenFailure } from './failures.ts';
import { ownerOf } from './identity.ts';
import type { ChildKind, Observed, Obstacle, SeenFailure } from './observed.ts';
import { resolveJobName } from './resources/resolve-job.ts';
import { bakeOf, waitsForPerson, type Position } from './position.ts';
import { findRecord, numberOf, podsOf, readyOf, readyPods, type Facts } from './revisions.ts';
import type { RollbackDecision } from './rollback.ts';
import type { Rollout } from './rollout.ts';
import { sizesNow } from './sizes.ts';
import { trafficName } from './traffic-file.ts';

/** A revision as a message names it. */
export interface Named {
  readonly name: string;
  readonly number: number | undefined;
}

export interface Serving {
  readonly revision: Named | undefined;
  readonly desired: number;
  readonly ready: number;
  /** What keeps its pods from being ready. */
  readonly failure: SeenFailure | undefined;
}

/** The one thing that a status has to say. */
export type Situation =
  | { readonly is: 'obstructed'; readonly obstacle: Obstacle }
  | {
      readonly is: 'rejected';
      readonly revision: Named;
      readonly failure: Failure;
      readonly undo: boolean;
      /** Found in the spec and the bundle alone, anew each time: any spec that mends it ends it. */
      readonly derived: boolean;
    }
  | {
      readonly is: 'rollingBack';
      readonly to: Named;
      readonly rollback: string;
      readonly failure: SeenFailure | undefined;
    }
  | {
      readonly is: 'rolledBack';
      readonly to: Named;
      readonly from: string | undefined;
      readonly rollback: string;
      /** Why Windlass did it; undefined where a person did. */
      readonly automatic: Failure | undefined;
    }
  | { readonly is: 'sourceFailed'; readonly failure: Failure }
  | { readonly is: 'sourceUnavailable'; readonly failure: Failure }
  | { readonly is: 'resolving' }
  | {
      readonly is: 'starting';
      readonly candidate: Named;
      readonly ready: number;
      readonly failure: SeenFailure | undefined;
      /** Pods that it needs to begin with. */
      readonly pods: number;
    }
  | {
      /** Suspended: it waits for a person. */
      readonly is: 'rollingOut' | 'suspended';
      readonly candidate: Named;
      readonly position: Position;
      readonly failure: SeenFailure | undefined;
    }
  | { readonly is: 'baking' | 'bakeFailed'; readonly revision: Named; readonly position: Position }
  | {
      readonly is: 'scaledToZero';
      readonly waiting: Named | undefined;
      /** The ModelRollback that asks for what waits. */
      readonly rollback: string | undefined;
    }
  | {
      readonly is: 'unavailable';
      /** The rollout that is on its way all the same. */
      readonly meanwhile?: OnItsWay;
    }
  /** Its pods are ready, and nodes may not lead clients to them yet. */
  | { readonly is: 'routing' }
  | { readonly is: 'scaling' }
  | { readonly is: 'serving' };

type OnItsWay = Extract<Situation, { readonly is: 'starting' | 'rollingOut' | 'suspended' }>;

/** What the plan decided, for its status. */
export interface Outcome {
  readonly facts: Facts;
  readonly rollout: Rollout;
  readonly rollback: RollbackDecision | undefined;
  /** The stable revision once the plan is carried out. */
  readonly stable: string | undefined;
  readonly live: ReadonlySet<string>;
  /** When nodes lead to the ready pods of the stable revision; undefined: they do. */
  readonly routedAt: number | undefined;
}

export function named(o: Observed, facts: Facts, name: string): Named {
  return { name, number: numberOf(facts, o, name) };
}

export function servingOf(o: Observed, { facts, stable }: Outcome): Serving {
  const desired = o.modelDeployment.spec.replicas;
  if (stable === undefined) return { revision: undefined, desired, ready: 0, failure: undefined };
  const known = child(o, 'Deployment', stable);
  return {
    revision: named(o, facts, stable),
    desired,
    ready: Math.min(readyPods(o, stable), desired),
    failure: seenFailure(podsOf(o, stable), known.is === 'ours' ? known.object : undefined),
  };
}

/** The first that applies: what a person has to mend comes before what passes by itself. */
export function situationOf(o: Observed, outcome: Outcome): Situation {
  const { rollout, rollback, facts } = outcome;
  const obstacle = rollout.phase === 'Obstructed' ? rollout.obstacle : firstObstacle(o, outcome);
  if (obstacle !== undefined) return { is: 'obstructed', obstacle };
  if (rollout.phase === 'Rejected') {
    const { revision, rejection, memory } = rollout;
    const derived = memory === 'derived';
    return { is: 'rejected', revision, failure: rejection, undo: rollback !== undefined, derived };
  }
  const to = rollback?.binding.toRevision;
  if (rollback !== undefined && to !== undefined) {
    const name = rollback.object.metadata.name;
    if (outcome.stable === to) {
      return {
        is: 'rolledBack',
        to: named(o, facts, to),
        from: rollback.binding.fromRevision,
        rollback: name,
        automatic: rollback.binding.automatic,
      };
    }
    if (rollout.phase === 'Waiting')
      return { is: 'scaledToZero', waiting: rollout.candidate, rollback: name };
    const failure = rollout.phase === 'Starting' ? rollout.failure : undefined;
    return { is: 'rollingBack', to: named(o, facts, to), rollback: name, failure };
  }
  return ownSituation(o, outcome);
}

function ownSituation(o: Observed, outcome: Outcome): Situation {
  const { rollout } = outcome;
  if (rollout.phase === 'Resolving') return sourceSituation(o);
  const meanwhile = onItsWay(o, rollout);
  if (meanwhile !== undefined) return isOutage(o, outcome) ? { is: 'unavailable', meanwhile } : meanwhile;
  const { desired, ready } = servingOf(o, outcome);
  if (desired === 0) {
    const waiting = rollout.phase === 'Waiting' ? rollout.candidate : undefined;
    return { is: 'scaledToZero', waiting, rollback: undefined };
  }
  if (ready === 0) return { is: 'unavailable' };
  if (outcome.routedAt !== undefined) return { is: 'routing' };
  const bake = bakeOf(rollout);
  if (bake !== undefined) {
    const revision = named(o, outcome.facts, bake.progress.revision);
    return { is: waitsForPerson(bake) ? 'bakeFailed' : 'baking', revision, position: bake };
  }
  return { is: ready < desired ? 'scaling' : 'serving' };
}

function onItsWay(o: Observed, rollout: Rollout): OnItsWay | undefined {
  if (rollout.phase === 'Starting') {
    const { candidate, failure, pods } = rollout;
    return { is: 'starting', candidate, ready: readyOf(o, candidate.name), failure, pods };
  }
  if (rollout.phase === 'Shifting') {
    const { candidate, position, ailing } = rollout;
    return {
      is: waitsForPerson(position) ? 'suspended' : 'rollingOut',
      candidate,
      position,
      failure: ailing,
    };
  }
  return undefined;
}

/** Nobody answers, and not because the stable pods make way for the candidate as rollout.maxSurge asks. */
function isOutage(o: Observed, outcome: Outcome): boolean {
  if (outcome.stable === undefined || !sizesNow(o, outcome.facts).together) return false;
  const { desired, ready } = servingOf(o, outcome);
  return desired > 0 && ready === 0;
}

function sourceSituation(o: Observed): Situation {
  const failure = 'failure' in o.source ? o.source.failure : undefined;
  if (failure === undefined) return { is: 'resolving' };
  return { is: failure.transient ? 'sourceUnavailable' : 'sourceFailed', failure };
}

/** Of the children that this ModelDeployment needs now, the first that cannot be made. */
function firstObstacle(o: Observed, { live, stable }: Outcome): Obstacle | undefined {
  const owner = ownerOf(o.modelDeployment);
  const needed: readonly (readonly [ChildKind, string])[] = [
    ...(stable === undefined
      ? []
      : ([
          ['Service', owner.name],
          ['ConfigMap', trafficName(owner)],
        ] as const)),
    ...[...live].flatMap((name) => [
      ['Deployment', name] as const,
      ['Service', name] as const,
      ['PodDisruptionBudget', name] as const,
    ]),
    ...(o.modelDeployment.spec.autoscaling === undefined
      ? []
      : ([['HorizontalPodAutoscaler', owner.name]] as const)),
    ...(o.modelDeployment.spec.retraining === undefined ? [] : ([['CronJob', owner.name]] as const)),
    ...(o.source.state === 'pending'
      ? ([['Job', resolveJobName(owner, specHash(o.modelDeployment.spec))]] as const)
      : []),
  ];
  const undo = o.obstacles.find(
    ({ kind, reason, retryAt }) => kind === 'ModelRollback' && reason !== 'ForeignObject' && retryAt > o.now,
  );
  if (undo !== undefined) return undo;
  // It may be there and take no change.
  const schedule = o.obstacles.find(({ kind, retryAt }) => kind === 'CronJob' && retryAt > o.now);
  if (schedule !== undefined && o.modelDeployment.spec.retraining !== undefined) return schedule;
  for (const [kind, name] of needed) {
    const known = child(o, kind, name);
    if (known.is === 'obstructed') return known.obstacle;
  }
  return undefined;
}

/** What to know beside the situation, where somebody deleted the ModelRevision of what serves. */
export function lostRecord({ facts, stable }: Outcome): string {
  if (stable === undefined || findRecord(facts, stable) !== undefined) return '';
  return ` ModelRevision ${stable}, the record of what serves, was deleted: its pods serve on until another revision is stable, and nothing can be undone to it. To have the record back, apply the spec that it was made from; or undo to another revision (kubectl get modelrevisions).`;
}

/** The stable revision's version as model.json gives it. */
export function modelVersion(facts: Facts, stable: string | undefined): string | undefined {
  return findRecord(facts, stable)?.object.spec.model.version;
}
