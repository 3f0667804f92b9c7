import type { ModelRollback } from '#operator/api/objects.ts';
import type { Action, Plan } from './action.ts';
import { automaticUndo, isAutomatic, undoRefused, withRejection } from './automatic-undo.ts';
import { decideRollout } from './decide-rollout.ts';
import { decideDrift, driftRequest } from './drift.ts';
import { driftEvents } from './drift-events.ts';
import { revisionGarbage, rollbackGarbage } from './history.ts';
import { ownerOf } from './identity.ts';
import type { Observed } from './observed.ts';
import { planEvents } from './plan-events.ts';
import { monitoringRequest } from './monitoring.ts';
import { positionOf } from './position.ts';
import { findRecord, readFacts, resolvedRevision, type Facts } from './revisions.ts';
import { decideRetraining, stableModel } from './retraining.ts';
import { retrainingEvents } from './retraining-events.ts';
import { keepDecided, keepUndone } from './rejection-writes.ts';
import { countingRollback, decideRollbacks, type RollbackDecision } from './rollback.ts';
import { bindingActions, rollbackStatusActions } from './rollback-writes.ts';
import type { Rollout } from './rollout.ts';
import { decideSourcing } from './sourcing.ts';
import { stateActions } from './states.ts';
import { decideStatus } from './status.ts';
import { decideStatusWrite } from './status-write.ts';
import { decideSwitch, type Switch } from './switch.ts';
import { decideTarget, specTarget, type Target } from './target.ts';
import { routedAt } from './routing.ts';
import { decideRunning, type Running } from './running.ts';
import { keepAutoscaler, keepRevision, keepStableService, lookBeforeFirst, retire } from './upkeep.ts';
import { nextAfter } from './times.ts';

/**
 * What to do about one ModelDeployment. Pure, and at its fixpoint in one go: carried out over the same readings, the next
 * plan has no action. Promotion's order is the order of the actions, and every prefix of it can be resumed.
 */
export function plan(o: Observed): Plan {
  if (o.modelDeployment.metadata.deletionTimestamp !== undefined) return nothing(o);
  const decided = decide(o);
  const { rollout, facts } = decided;
  if (rollout.phase !== 'Failed') return planOf(o, decided, undefined);
  const obstacle = undoRefused(o, rollout);
  if (obstacle !== undefined) {
    const { candidate, held } = rollout;
    const stays: Rollout =
      candidate.name === facts.stable
        ? { phase: 'Stable', revision: candidate.name, bake: held }
        : { phase: 'Shifting', candidate, position: held, ailing: undefined };
    return planOf(o, { ...decided, rollout: stays }, undefined);
  }
  // The undo is decided with what it makes: the plan is at its fixpoint, and the undo holds from its first write.
  const object = automaticUndo(o, facts, rollout);
  const after = { ...o, rollbacks: [...o.rollbacks, object] };
  return planOf(after, decide(after), object);
}

interface Decided {
  readonly seen: Facts;
  readonly rollbacks: readonly RollbackDecision[];
  readonly rollback: RollbackDecision | undefined;
  readonly target: Target;
  readonly targetActions: readonly Action[];
  readonly facts: Facts;
  readonly rollout: Rollout;
}

function decide(o: Observed): Decided {
  const seen = readFacts(o);
  const rollbacks = decideRollbacks(o, seen, specTarget(o, seen));
  const rollback = countingRollback(rollbacks);
  const { target, facts, actions } = decideTarget(o, withRejection(seen, rollback), rollback);
  const rollout = decideRollout(o, facts, target);
  return { seen, rollbacks, rollback, target, targetActions: actions, facts, rollout };
}

function planOf(o: Observed, decided: Decided, undo: ModelRollback | undefined): Plan {
  const { seen, rollbacks, rollback, target, targetActions, facts, rollout } = decided;
  const running = decideRunning(o, facts, rollout);
  const { stable, live, sizes } = running;
  const switching = switchTo(o, facts, rollout, running);
  const undone = rollback !== undefined && !isAutomatic(rollback);
  const sourcing = decideSourcing(o, facts, target, undone);
  const outcome = {
    facts,
    rollout,
    rollback,
    stable,
    live,
    routedAt: stable === undefined ? undefined : routedAt(o, stable, running.promotions.at(-1)?.from),
  };
  const drift = decideDrift(o, stable);
  const retraining = decideRetraining(o, {
    stable: stableModel(facts, stable),
    drifted: drift?.drifted ?? [],
    isRollingOut: isRollingOut(rollout),
  });
  const { status, situation } = decideStatus(o, outcome, { drift, retraining: retraining.status });
  const write = decideStatusWrite(o, status);
  const told = { o, facts, rollout, stable, rollbacks, situation };
  const actions: readonly Action[] = [
    ...(undo === undefined ? [] : [{ verb: 'create', kind: 'ModelRollback', object: undo } as const]),
    ...keepUndone(seen, rollback),
    ...bindingActions(o, rollbacks),
    ...targetActions,
    ...lookBeforeFirst(o, facts, rollout),
    ...running.order.flatMap((revision) =>
      keepRevision(o, facts, revision, sizes.get(revision) ?? o.modelDeployment.spec.replicas),
    ),
    ...(stable === undefined ? [] : keepStableService(o, stable)),
    ...switching.actions,
    ...keepDecided(rollout),
    ...retire(o, live),
    ...keepAutoscaler(o),
    ...retraining.actions,
    ...sourcing.actions,
    ...stateActions(o, facts, { stable, warm: running.warm, promotions: running.promotions, rollout }),
    ...rollbackStatusActions(o, rollbacks, rollout),
    ...revisionGarbage(o, facts, inUse(o, facts, rollout, live), rollbacks),
    ...rollbackGarbage(o, rollbacks),
    ...statusAction(o, write.patch),
  ];
  return {
    actions: withoutWritesToDeleted(actions),
    status,
    events: [
      ...planEvents(told),
      ...(write.patch === undefined ? [] : [...driftEvents(o, status), ...retrainingEvents(o, status)]),
    ],
    source: sourcing.request,
    inquiry: switching.inquiry,
    monitoring: monitoringRequest(o, facts, rollout),
    drift: driftRequest(o, stable),
    requeueAfterMs: earliest(o, [
      write.dueAt,
      outcome.routedAt,
      retraining.againAt,
      switching.againAt,
      running.nextExpiryAt,
      rollout.phase === 'Starting' ? rollout.deadlineAt : undefined,
      positionOf(rollout)?.lookAt,
      ...o.obstacles.map(({ retryAt }) => retryAt),
    ]),
  };
}

function nothing(o: Observed): Plan {
  return {
    actions: [],
    status: o.modelDeployment.status ?? {},
    events: [],
    source: undefined,
    inquiry: undefined,
    monitoring: undefined,
    drift: undefined,
    requeueAfterMs: undefined,
  };
}

/** What was trained last is still being judged. */
function isRollingOut(rollout: Rollout): boolean {
  return !['Stable', 'Rejected', 'Resolving', 'Obstructed'].includes(rollout.phase) || 'bake' in rollout;
}

function switchTo(o: Observed, facts: Facts, rollout: Rollout, running: Running): Switch {
  const borne = Math.max(0, ...facts.records.map(({ number }) => number));
  const remember = rollout.phase === 'Rejected' || facts.highest > borne;
  const { promotions, traffic, live } = running;
  return decideSwitch(o, traffic, { highest: Math.max(facts.highest, 1), remember, promotions }, live);
}

function inUse(o: Observed, facts: Facts, rollout: Rollout, live: ReadonlySet<string>): ReadonlySet<string> {
  const candidate = 'candidate' in rollout ? rollout.candidate?.name : undefined;
  const resolved = resolvedRevision(facts, o.modelDeployment.spec)?.name;
  return new Set(
    [...live, candidate, resolved].filter(
      (name) => name !== undefined && findRecord(facts, name) !== undefined,
    ) as readonly string[],
  );
}

function statusAction(o: Observed, patch: object | undefined): readonly Action[] {
  if (patch === undefined) return [];
  const { name, uid } = ownerOf(o.modelDeployment);
  return [
    { verb: 'patch', kind: 'ModelDeployment', name, uid, patch: { status: patch }, subresource: 'status' },
  ];
}

/** An object that this plan deletes is not patched first. */
function withoutWritesToDeleted(actions: readonly Action[]): readonly Action[] {
  const deleted = new Set(
    actions.flatMap((action) => (action.verb === 'delete' ? [`${action.kind}/${action.name}`] : [])),
  );
  return actions.filter((action) => action.verb !== 'patch' || !deleted.has(`${action.kind}/${action.name}`));
}

function earliest(o: Observed, times: readonly (number | undefined)[]): number | undefined {
  const due = nextAfter(o.now, times);
  return due === undefined || !Number.isFinite(due) ? undefined : due - o.now;
}
