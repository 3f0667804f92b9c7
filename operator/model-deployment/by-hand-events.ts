import { ANNOTATION } from '#contract/names.ts';
import { FULL } from '#operator/rollout/progress.ts';
import type { PlannedEvent } from './action.ts';
import { promoteRequest } from './by-hand.ts';
import type { Observed } from './observed.ts';
import { positionOf, type Position } from './position.ts';
import { findRecord, type Facts, type RevisionRecord } from './revisions.ts';
import type { Rollout } from './rollout.ts';
import { ownTrafficMap } from './traffic-map.ts';

interface Told {
  readonly o: Observed;
  readonly facts: Facts;
  readonly rollout: Rollout;
}

/** What a person did to the rollout, told by the plan that remembers it. Who it was, the API server's audit log says. */
export function byHandEvents(told: Told): readonly PlannedEvent[] {
  return [...pausing(told), ...promoting(told)];
}

function pausing({ o, facts, rollout }: Told): readonly PlannedEvent[] {
  const before = facts.rollout.progress;
  const position = positionOf(rollout);
  if (position === undefined || position.kind === 'Bake') return [];
  const { progress } = position;
  const isSame = before?.revision === progress.revision && before.number === progress.number;
  const wasPaused = isSame && before.paused === true;
  const isPaused = progress.paused === true;
  if (wasPaused === isPaused) return [];
  const revision = `Revision ${progress.revision} (${progress.number})`;
  if (!isPaused) return [normal('RolloutResumed', `${revision} goes on ${place(position)}.`)];
  const how = o.modelDeployment.spec.rollout.paused
    ? 'rollout.paused in the spec'
    : `the annotation ${ANNOTATION.paused}`;
  return [normal('RolloutPaused', `${revision} is held ${place(position)} by ${how}.`)];
}

function place({ kind, step, steps }: Position): string {
  if (kind === 'Shadow') return 'in shadow';
  return kind === 'Step' ? `at step ${step} of ${steps}` : 'before its first requests';
}

/** Where nothing can be remembered yet, nothing is told: it would be told again and again. */
function promoting({ o, facts, rollout }: Told): readonly PlannedEvent[] {
  const text = o.modelDeployment.metadata.annotations?.[ANNOTATION.promote];
  if (text === undefined || text === facts.rollout.promoted || ownTrafficMap(o) === undefined) return [];
  const candidate = judged(facts, rollout);
  if (candidate === undefined) return [];
  const { through } = promoteRequest(o, facts, candidate);
  if (through < 0) return [];
  const what = through === FULL ? 'all its holds are over' : `its holds up to step ${through} are over`;
  return [
    normal(
      'PromotedByHand',
      `Revision ${candidate.name} (${candidate.number}): ${what}, because somebody wrote ${ANNOTATION.promote}: ${text.trim()}.`,
    ),
  ];
}

/** What a promotion by hand is about: the candidate, or what is watched after its promotion. */
function judged(facts: Facts, rollout: Rollout): RevisionRecord | undefined {
  if (rollout.phase === 'Starting' || rollout.phase === 'Shifting' || rollout.phase === 'Promoting')
    return rollout.candidate;
  const before = facts.rollout.progress;
  const isWatched =
    rollout.phase === 'Stable' && before?.stage === 'bake' && before.revision === rollout.revision;
  return isWatched ? findRecord(facts, rollout.revision) : undefined;
}

function normal(reason: string, message: string): PlannedEvent {
  return { type: 'Normal', reason, message };
}
